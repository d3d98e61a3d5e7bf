// Predictions as a table on disk.

import { writeWhole } from '../files.js';
import type { Scores } from './evaluate.js';

const cell = (v: unknown): string => {
  const s = String(v ?? '');
  return /[",\n\r]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
};

/** Writes a CSV with a row a film: file, patient, truth, prediction, and the probability of each class. */
export async function writePredictions(
  path: string,
  { scores, truth, rows }: Scores,
  classes: string[],
): Promise<void> {
  const lines = [
    ['file', 'patient', 'truth', 'prediction', ...classes.map((c) => `p(${c})`)].map(cell).join(','),
  ];
  rows.forEach((row, i) => {
    const s = Array.from(scores[i]);
    const best = s.indexOf(Math.max(...s));
    lines.push(
      [row.name ?? row.index, row.patient, classes[truth[i]], classes[best], ...s.map((v) => v.toFixed(6))]
        .map(cell)
        .join(','),
    );
  });
  await writeWhole(path, lines.join('\n') + '\n');
}

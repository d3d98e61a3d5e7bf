// Predictions as a table on disk.

import { csvLine } from '../data/csv.js';
import { writeWhole } from '../files.js';
import type { Scores } from './evaluate.js';

/** Writes a CSV with a row a film: file, patient, truth, prediction, and the probability of each class. */
export async function writePredictions(
  path: string,
  { scores, truth, rows }: Scores,
  classes: string[],
): Promise<void> {
  const lines = [csvLine(['file', 'patient', 'truth', 'prediction', ...classes.map((c) => `p(${c})`)])];
  rows.forEach((row, i) => {
    const s = Array.from(scores[i]);
    const best = s.indexOf(Math.max(...s));
    const named = [row.name ?? row.index, row.patient, classes[truth[i]], classes[best]];
    lines.push(csvLine([...named, ...s.map((v) => v.toFixed(6))]));
  });
  await writeWhole(path, lines.join('\n') + '\n');
}

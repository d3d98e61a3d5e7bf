// What follows from duplicates and from patients' names: copies across splits, labels that contradict, patients in two splits.

import { hasPatient, type Dataset, type Row } from '../dataset.js';
import type { ExactGroup, NearPair } from './duplicates.js';

/** Two or more pictures that show the same film. */
export interface Copies {
  kind: ExactGroup['kind'] | 'near';
  rows: Row[];
  /** In more than one split. */
  acrossSplits: boolean;
  /** With more than one label. */
  contradicting: boolean;
  /** Under more than one patient's name; false where patients aren't known. */
  acrossPatients: boolean;
  /** Near ones: how well their detail agrees, and whether one is mirrored or a negative. */
  correlation?: number;
  mirrored?: boolean;
  inverted?: boolean;
}

/** Copies across splits first, then those whose labels contradict, then exact before near. */
export function copiesOf(exact: readonly ExactGroup[], near: readonly NearPair[]): Copies[] {
  const differ = (rows: readonly Row[], field: 'split' | 'label' | 'patient'): boolean =>
    new Set(rows.map((row) => row[field])).size > 1;
  const facts = (rows: Row[]) => ({
    rows,
    acrossSplits: differ(rows, 'split'),
    contradicting: differ(rows, 'label'),
    acrossPatients: rows.every(hasPatient) && differ(rows, 'patient'),
  });
  const all: Copies[] = [
    ...exact.map(({ kind, rows }) => ({ kind, ...facts(rows) })),
    ...near.map(({ rows, ...more }) => ({ kind: 'near' as const, ...facts(rows), ...more })),
  ];
  const rank = (one: Copies): number => (one.acrossSplits ? 0 : 2) + (one.contradicting ? 0 : 1);
  return all.sort((a, b) => rank(a) - rank(b));
}

/** Who must stay on one side: each patient's name, or the first name of those who have films in common. */
export function personsOf(copies: readonly Pick<Copies, 'rows'>[]): (row: Row) => string {
  const first = new Map<string, string>();
  const nameOf = (patient: string): string => {
    while (first.has(patient)) patient = first.get(patient)!;
    return patient;
  };
  for (const { rows } of copies)
    for (const row of rows) {
      const [a, b] = [nameOf(rows[0].patient), nameOf(row.patient)].sort();
      if (a !== b) first.set(b, a);
    }
  return (row) => nameOf(row.patient);
}

export interface Leak {
  patient: string;
  /** Images in each split. */
  splits: Record<string, number>;
}

export function leaksOf(set: Dataset): Leak[] {
  const found = new Map<string, Record<string, number>>();
  for (const { patient, split } of set.rows) {
    if (split === '') continue;
    const splits = found.get(patient) ?? {};
    splits[split] = (splits[split] ?? 0) + 1;
    found.set(patient, splits);
  }
  return [...found]
    .filter(([, splits]) => Object.keys(splits).length > 1)
    .map(([patient, splits]) => ({ patient, splits }));
}

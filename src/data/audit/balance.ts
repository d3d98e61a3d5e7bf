// How the classes are spread over sources, views, sexes and ages.

import type { Dataset } from '../dataset.js';
import { ageColumn, ageGroup, category, sexColumn, viewColumn } from './columns.js';

export interface Balance {
  /** 'source', 'view', 'sex', 'age' or 'split'. */
  by: string;
  /** Images of each class for each value, '' where it isn't known. */
  counts: Record<string, Record<string, number>>;
  /** Cramér's V with the class: 0 independent, 1 the value tells the class. */
  association: number;
}

export interface AgeContrast {
  children: string[];
  adults: string[];
  /** Images of children and of adults in each class. */
  byClass: Record<string, { child: number; adult: number; unknown: number }>;
}

export function balances(set: Dataset): Balance[] {
  const age = ageColumn(set);
  const columns: [by: string, column: string | undefined][] = [
    ['split', 'split'],
    ['source', 'source'],
    ['view', viewColumn(set)],
    ['sex', sexColumn(set)],
    ['age', age],
  ];
  return columns.flatMap(([by, column]) => {
    if (column === undefined) return [];
    const counts: Balance['counts'] = {};
    for (const row of set.rows) {
      const value = category(row, column, age);
      counts[value] ??= Object.fromEntries(set.classes.map((c) => [c, 0]));
      counts[value][row.label]++;
    }
    const values = Object.keys(counts).sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
    if (values.length < 2) return [];
    const ordered = Object.fromEntries(values.map((value) => [value, counts[value]]));
    return [
      { by, counts: ordered, association: cramersV(Object.values(ordered).map((row) => Object.values(row))) },
    ];
  });
}

/** Splits as they are used, ages as they come, what isn't known last. */
const place = (value: string): number =>
  value === '' ? 9 : ['train', 'val', 'test', 'under 18'].indexOf(value) + 1 || 5;

/** Sources that hold children only beside sources that hold adults. */
export function ageContrast(set: Dataset): AgeContrast | undefined {
  const age = ageColumn(set);
  const sources = new Map<string, { child: number; adult: number }>();
  const byClass: AgeContrast['byClass'] = Object.fromEntries(
    set.classes.map((c) => [c, { child: 0, adult: 0, unknown: 0 }]),
  );
  for (const row of set.rows) {
    const group = ageGroup(row, age);
    byClass[row.label][group || 'unknown']++;
    const known = sources.get(row.source) ?? { child: 0, adult: 0 };
    if (group) known[group]++;
    sources.set(row.source, known);
  }
  const where = (test: (share: number) => boolean): string[] =>
    [...sources]
      .filter(([, { child, adult }]) => child + adult > 0 && test(child / (child + adult)))
      .map(([name]) => name);
  const [children, adults] = [where((share) => share >= 0.9), where((share) => share <= 0.2)];
  return children.length > 0 && adults.length > 0 ? { children, adults, byClass } : undefined;
}

/** Sources that have images of one class only (but for 2 %), with their share of that class. */
export function pureSources(set: Dataset): { source: string; label: string; share: number }[] {
  const all = set.counts();
  const found = new Map<string, Map<string, number>>();
  for (const { source, label } of set.rows) {
    const here = found.get(source) ?? new Map<string, number>();
    here.set(label, (here.get(label) ?? 0) + 1);
    found.set(source, here);
  }
  return [...found].flatMap(([source, counts]) => {
    const total = [...counts.values()].reduce((a, b) => a + b, 0);
    const [label, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
    return most >= 0.98 * total && most >= 0.05 * all[label]
      ? [{ source, label, share: most / all[label] }]
      : [];
  });
}

function cramersV(table: readonly (readonly number[])[]): number {
  const rows = table.map((row) => row.reduce((a, b) => a + b, 0));
  const columns = table[0].map((_, c) => table.reduce((sum, row) => sum + row[c], 0));
  const n = rows.reduce((a, b) => a + b, 0);
  let chi = 0;
  table.forEach((row, r) =>
    row.forEach((count, c) => {
      const expected = (rows[r] * columns[c]) / n;
      if (expected > 0) chi += (count - expected) ** 2 / expected;
    }),
  );
  const degrees = Math.min(rows.filter(Boolean).length, columns.filter(Boolean).length) - 1;
  return degrees > 0 ? Math.sqrt(chi / n / degrees) : 0;
}

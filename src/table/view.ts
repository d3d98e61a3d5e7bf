// What is shown of a table: the ends of a long or wide one, each cell as a short text.
import { inspect } from 'node:util';
import type { Table } from './table.js';

export interface ViewOptions {
  /** The most rows shown (100); of a longer table the first and last. */
  rows?: number;
  /** The most columns shown (20); of a wider table the first and last. */
  columns?: number;
  /** Whether whole numbers are written in groups of three digits, 1,234,567. Default false. */
  grouped?: boolean;
}

export interface Cell {
  text: string;
  /** No value is there, or not a number. */
  missing?: boolean;
}

export interface ViewColumn {
  name: string;
  /** Of numbers, which stand at the right. */
  numeric: boolean;
  cells: Cell[];
}

export interface View {
  index: ViewColumn;
  columns: ViewColumn[];
  /** Where rows were left out: the place of a row of dots. */
  gap: number;
  /** How large the table is, and what of it is not shown. */
  notice: string;
}

const LONGEST = 200;
const FIGURES = 6;
const DOTS: Cell = { text: '…' };

export function viewOf(table: Table, { rows = 100, columns = 20, grouped = false }: ViewOptions = {}): View {
  const shownRows = ends(table.rows, rows);
  const shownColumns = ends(table.columns.length, columns);
  const read = (at: (row: number) => unknown): unknown[] =>
    shownRows.filter((row) => row >= 0).map((row) => at(row));
  const gap = shownRows.indexOf(-1);
  const column = (name: string, values: unknown[], type?: string): ViewColumn => {
    const made = columnOf(name, values, grouped, type);
    if (gap >= 0) made.cells.splice(gap, 0, DOTS);
    return made;
  };
  return {
    index: column('', read(table.name)),
    columns: shownColumns.map((c) =>
      c < 0
        ? { name: DOTS.text, numeric: false, cells: shownRows.map(() => DOTS) }
        : column(
            table.columns[c],
            read((row) => table.cell(row, c)),
            table.types?.[c],
          ),
    ),
    gap,
    notice: notice(table, gap < 0 ? undefined : rows, shownColumns.includes(-1) ? columns : undefined),
  };
}

/** Places to show, -1 for the gap. */
function ends(length: number, most: number): number[] {
  const all = Array.from({ length: Math.min(length, most) }, (_, i) => i);
  if (length <= most) return all;
  const first = Math.ceil(most / 2);
  return [...all.slice(0, first), -1, ...all.slice(first).map((i) => i + length - most)];
}

function notice(
  { rows, columns, series, types }: Table,
  shownRows: number | undefined,
  shownColumns: number | undefined,
): string {
  const size = series
    ? `${count(rows, 'value')}${types?.[0] ? `, ${types[0]}` : ''}`
    : `${count(rows, 'row')} × ${count(columns.length, 'column')}`;
  const cut = [
    ...(shownRows === undefined ? [] : [count(shownRows, series ? 'value' : 'row')]),
    ...(shownColumns === undefined ? [] : [count(shownColumns, 'column')]),
  ];
  return cut.length ? `${size} (showing ${cut.join(' and ')}, first and last)` : size;
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isNaN(value));

const isMissing = (value: unknown): boolean => value === null || value === undefined || Number.isNaN(value);

function columnOf(name: string, values: unknown[], grouped: boolean, type?: string): ViewColumn {
  const numbers = values.filter(isNumber);
  const declared = type !== undefined && /^(float|int)/.test(type);
  const numeric = declared || (numbers.length > 0 && values.every((v) => isNumber(v) || isMissing(v)));
  const decimals = numeric ? decimalsOf(numbers) : undefined;
  return {
    name,
    numeric,
    cells: values.map((value) => ({
      text: isNumber(value) ? numberText(value, decimals, grouped) : textOf(value),
      ...(isMissing(value) && { missing: true }),
    })),
  };
}

/** Decimals that all of a column's numbers have; undefined where one is better written with an exponent. */
function decimalsOf(numbers: (number | bigint)[]): number | undefined {
  let most = 0;
  for (const n of numbers) {
    const short = shortest(n);
    if (short.includes('e')) return undefined;
    most = Math.max(most, short.split('.')[1]?.length ?? 0);
  }
  return Math.min(most, FIGURES);
}

/** Whole numbers whole, others with so many figures at most. */
const shortest = (n: number | bigint): string =>
  typeof n === 'bigint' || Number.isInteger(n) ? String(n) : String(Number(n.toPrecision(FIGURES)));

function numberText(n: number | bigint, decimals: number | undefined, grouped: boolean): string {
  if (grouped && decimals === 0) return n.toLocaleString('en');
  if (typeof n === 'bigint' || decimals === undefined || !Number.isFinite(n)) return shortest(n);
  const fixed = n.toFixed(decimals);
  // a small one would lose its figures
  return Number(fixed) === Number(shortest(n)) ? fixed : shortest(n);
}

function textOf(value: unknown): string {
  const text =
    typeof value === 'string'
      ? value
      : value instanceof Date && !Number.isNaN(value.getTime())
        ? value.toISOString()
        : inspect(value, { depth: 0, breakLength: Infinity, maxArrayLength: 10 });
  const line = text.replace(/\r\n?|\n/g, '↵');
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

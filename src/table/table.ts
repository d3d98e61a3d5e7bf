// What can be shown as a table: danfojs's frames and series, by their shape, and what `display.table` takes.

/** A table that is read cell by cell, so that a long one costs no more than what is shown of it. */
export interface Table {
  columns: string[];
  /** How many there are. */
  rows: number;
  /** The type of each column, where it is declared. */
  types?: readonly string[];
  /** A series has one column and is counted in values. */
  series?: boolean;
  name(row: number): unknown;
  cell(row: number, column: number): unknown;
}

interface Frame {
  columns: unknown[];
  values: unknown[];
  shape: number[];
  index?: unknown[];
  dtypes?: string[];
  $isSeries?: boolean;
}

/** A frame or a series as a table; undefined for anything else. */
export function tableOf(value: unknown): Table | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  try {
    return frame(value as Partial<Frame>);
  } catch {
    return undefined; // an object whose properties throw
  }
}

function frame({ columns, values, shape, index, dtypes, $isSeries }: Partial<Frame>): Table | undefined {
  if (!Array.isArray(columns) || !Array.isArray(values) || !Array.isArray(shape) || shape.length !== 2)
    return undefined;
  return {
    columns: columns.map(String),
    rows: values.length,
    types: dtypes,
    series: $isSeries,
    name: (row) => index?.[row] ?? row,
    cell: (row, column) => {
      const cells: unknown = values[row];
      return Array.isArray(cells) ? (cells as unknown[])[column] : cells;
    },
  };
}

/** A table of a frame, a list of records or of lists, or an object of columns. Throws a TypeError for anything else. */
export function tableFrom(value: unknown): Table {
  const known = tableOf(value);
  if (known) return known;
  if (Array.isArray(value)) return fromRows(value);
  if (value !== null && typeof value === 'object') {
    const columns = Object.entries(value).filter(([, list]) => isList(list)) as [
      string,
      ArrayLike<unknown>,
    ][];
    if (columns.length && columns.length === Object.keys(value).length) return fromColumns(columns);
  }
  throw new TypeError(
    'display.table takes a data frame, a list of objects or lists (its rows), or an object of lists (its columns).',
  );
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);

function fromColumns(columns: [string, ArrayLike<unknown>][]): Table {
  return {
    columns: columns.map(([name]) => name),
    rows: columns.reduce((most, [, list]) => Math.max(most, list.length), 0),
    name: (row) => row,
    cell: (row, column) => columns[column][1][row],
  };
}

/** Columns are the keys of all records, in the order of their first appearance; what is neither record nor list is a cell. */
function fromRows(rows: readonly unknown[]): Table {
  const lists = rows.every(isList);
  const plain = (row: unknown): row is Record<string, unknown> =>
    row !== null && typeof row === 'object' && !isList(row) && !(row instanceof Date);
  const keys = new Set<string>();
  for (const row of rows)
    if (lists) for (let i = keys.size; i < (row as ArrayLike<unknown>).length; i++) keys.add(String(i));
    else if (plain(row)) for (const key of Object.keys(row)) keys.add(key);
    else keys.add('value');
  const columns = [...keys];
  return {
    columns,
    rows: rows.length,
    name: (row) => row,
    cell: (row, column) => {
      const record = rows[row];
      if (lists) return (record as ArrayLike<unknown>)[column];
      if (plain(record)) return record[columns[column]];
      return columns[column] === 'value' ? record : undefined;
    },
  };
}

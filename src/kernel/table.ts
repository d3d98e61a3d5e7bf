// Data frames (danfojs's, or anything with `columns`, `values` and `shape`) as HTML tables.
interface Frame {
  columns: unknown[];
  values: unknown[][];
  shape: [number, number];
  index?: unknown[];
}

const ROWS = 20;
const COLUMNS = 20;

function frame(value: unknown): Frame | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  try {
    const { columns, values, shape } = value as Partial<Frame>;
    const fits =
      Array.isArray(columns) && Array.isArray(values) && Array.isArray(shape) && shape.length === 2;
    return fits ? (value as Frame) : undefined;
  } catch {
    return undefined;
  }
}

/** The table, or undefined where the value isn't one. Long and wide tables are cut in the middle. */
export function tableHtml(value: unknown): string | undefined {
  const table = frame(value);
  if (!table) return undefined;
  const { columns, values, shape, index } = table;
  const rows = window(values.length, ROWS);
  const cells = window(columns.length, COLUMNS);
  const head = cells.map((c) => `<th>${c < 0 ? '…' : escape(columns[c])}</th>`).join('');
  const body = rows.map((r) => {
    const name = r < 0 ? '…' : escape(index?.[r] ?? r);
    const row = cells.map((c) => `<td>${r < 0 || c < 0 ? '…' : escape(rowOf(values[r])[c])}</td>`).join('');
    return `<tr><th>${name}</th>${row}</tr>`;
  });
  return (
    `<table class="dataframe"><thead><tr><th></th>${head}</tr></thead><tbody>${body.join('')}</tbody></table>` +
    `<p>${shape[0]} rows × ${shape[1]} columns</p>`
  );
}

const rowOf = (row: unknown): unknown[] => (Array.isArray(row) ? row : [row]);

/** Indices to show, -1 for the gap. */
function window(length: number, most: number): number[] {
  const all = Array.from({ length }, (_, i) => i);
  return length <= most ? all : [...all.slice(0, most / 2), -1, ...all.slice(-most / 2)];
}

/** Text within HTML. */
export function escape(value: unknown): string {
  return String(value).replace(
    /[&<>"]/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!,
  );
}

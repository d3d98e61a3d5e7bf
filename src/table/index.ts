// Tables: what can be shown as one, as HTML and as text.
import { tableHtml } from './html.js';
import { tableFrom, tableOf, type Table } from './table.js';
import { tableText } from './text.js';
import { viewOf, type ViewOptions } from './view.js';

export type { ViewOptions } from './view.js';

/** A frame or series as a MIME bundle; undefined for anything else. */
export function frameBundle(value: unknown): Record<string, string> | undefined {
  const table = tableOf(value);
  return table && bundle(table);
}

/** What `display.table` shows. */
export const tableBundle = (value: unknown, options?: ViewOptions): Record<string, string> =>
  bundle(tableFrom(value), options);

function bundle(table: Table, options?: ViewOptions): Record<string, string> {
  const view = viewOf(table, options);
  return { 'text/plain': tableText(view), 'text/html': tableHtml(view) };
}

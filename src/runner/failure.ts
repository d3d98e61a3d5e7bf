// A cell that failed, as the command line says it.
import { stripVTControlCharacters } from 'node:util';

export interface Failure {
  /** As in the notebook: In[n]. */
  cell: number;
  /** One sentence or more, with the cell and the line. */
  message: string;
  /** The lines around the error, if they are known. */
  excerpt: string[];
}

/** Files that are not the user's to mend. */
const OWN = new URL('..', import.meta.url).href;

interface ErrorContent {
  ename: string;
  evalue: string;
  traceback: string[];
}

export function failureOf(cell: number, { ename, evalue, traceback }: ErrorContent): Failure {
  const lines = traceback.flatMap((line) => stripVTControlCharacters(line).split('\n'));
  const excerpt = lines.filter((line) => /^[> ] +(\d+)? +│/.test(line));
  const error = evalue ? `${ename}: ${evalue}` : ename;
  return { cell, message: `Cell ${cell}${place(cell, lines)}: ${error}`, excerpt };
}

/** Where the error was thrown: a line of this cell, of an earlier one, or of a file. */
function place(cell: number, lines: string[]): string {
  const frames = lines.filter((line) => /^\s+at /.test(line));
  const inCell = frames.map((line) => /In\[(\d+)\]:(\d+)/.exec(line)).filter((match) => match !== null);
  const own = inCell.find(([, n]) => Number(n) === cell);
  const [first] = frames.filter((line) => !line.includes(OWN) && !line.includes('/node_modules/'));
  const top = first === undefined ? null : /In\[(\d+)\]:(\d+)/.exec(first);
  const file = first === undefined ? null : /([^/\s(]+\.[cm]?[jt]sx?)(?:\?[^:]*)?:(\d+):\d+/.exec(first);
  const at = own ? `, line ${own[2]}` : '';
  if (top && Number(top[1]) !== cell) return `${at} (thrown in cell ${top[1]}, line ${top[2]})`;
  if (!top && file) return `${at} (thrown in ${file[1]}, line ${file[2]})`;
  return at;
}

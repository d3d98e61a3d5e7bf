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

/** Where the source of a cell, named as in In[n], begins in the script that it came from. */
export type Places = (cell: number) => { file: string; line: number } | undefined;

/** Files that are not the user's to mend. */
const OWN = new URL('..', import.meta.url).href;
const EXCERPT = /^[> ] +(\d+)? +│/;

interface ErrorContent {
  ename: string;
  evalue: string;
  traceback: string[];
}

const nowhere: Places = () => undefined;

export function failureOf(
  cell: number,
  { ename, evalue, traceback }: ErrorContent,
  places: Places = nowhere,
): Failure {
  const lines = traceback.flatMap((line) => stripVTControlCharacters(line).split('\n'));
  const frames = lines.filter((line) => /^\s+at /.test(line));
  const [shown] = frames.flatMap((line) => /In\[(\d+)\]:\d+/.exec(line)?.[1] ?? []);
  const begin = shown === undefined ? undefined : places(Number(shown))?.line;
  const excerpt = lines.filter((line) => EXCERPT.test(line));
  const error = evalue ? `${ename}: ${evalue}` : ename;
  return {
    cell,
    message: `${place(cell, frames, places)}: ${error}`,
    excerpt: begin === undefined ? excerpt : renumbered(excerpt, begin - 1),
  };
}

/** "Cell 3, line 2", or "script.ts:14, cell 3". */
export function nameOf(cell: number, places: Places = nowhere, line?: number): string {
  const begin = places(cell);
  if (begin) return `${begin.file}:${begin.line + (line ?? 1) - 1}, cell ${cell}`;
  return line === undefined ? `Cell ${cell}` : `Cell ${cell}, line ${line}`;
}

/** Where the error was thrown: a line of this cell, of an earlier one, or of a file. */
function place(cell: number, frames: string[], places: Places): string {
  const inCell = frames.map((line) => /In\[(\d+)\]:(\d+)/.exec(line)).filter((match) => match !== null);
  const own = inCell.find(([, n]) => Number(n) === cell);
  const [first] = frames.filter((line) => !line.includes(OWN) && !line.includes('/node_modules/'));
  const top = first === undefined ? null : /In\[(\d+)\]:(\d+)/.exec(first);
  const file = first === undefined ? null : /([^/\s(]+\.[cm]?[jt]sx?)(?:\?[^:]*)?:(\d+):\d+/.exec(first);
  const name = nameOf(cell, places, own && Number(own[2]));
  if (top && Number(top[1]) !== cell) {
    const thrown = nameOf(Number(top[1]), places, Number(top[2]));
    return `${name} (thrown in ${thrown.replace(/^Cell/, 'cell')})`;
  }
  if (!top && file) return `${name} (thrown in ${file[1]}, line ${file[2]})`;
  return name;
}

/** The last block of lines, which is the cell's, with the script's numbers. */
function renumbered(excerpt: string[], by: number): string[] {
  let start = excerpt.length;
  for (let i = excerpt.length - 1, next = Infinity; i >= 0; i--) {
    const number = Number(EXCERPT.exec(excerpt[i])![1] ?? next);
    if (number > next) break;
    start = i;
    next = number;
  }
  const width = Math.max(...excerpt.slice(start).map((line) => String(Number(numberOf(line)) + by).length));
  return excerpt.map((line, i) => {
    if (i < start) return line;
    const number = numberOf(line);
    const text = number ? String(Number(number) + by) : '';
    return `${line[0]} ${text.padStart(width)} ${line.slice(line.indexOf('│'))}`;
  });
}

const numberOf = (line: string): string => EXCERPT.exec(line)![1] ?? '';

// Errors as a notebook shows them: the cell's own lines, no frames of the kernel or of Node.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { excerpt } from './excerpt.js';
import { clean, type CellSource } from './stacks.js';
import { CellError, type Position } from './transform.js';

export interface ErrorContent {
  ename: string;
  evalue: string;
  traceback: string[];
  [key: string]: unknown;
}

export const interrupted: ErrorContent = {
  ename: 'KernelInterrupt',
  evalue: 'Interrupted',
  traceback: ['\x1b[31mKernelInterrupt\x1b[39m: Interrupted'],
};

/** A cell that was ended because JavaScript's memory ran out. */
export function outOfMemory(limit: number): ErrorContent {
  const evalue = `The cell took most of the ${Math.round(limit / 2 ** 20)} MB that Node gives JavaScript's objects, and was ended. Variables are kept: assign something small to the one that has grown. More memory: start the kernel with NODE_OPTIONS=--max-old-space-size=MEGABYTES.`;
  return { ename: 'OutOfMemory', evalue, traceback: [`\x1b[31mOutOfMemory\x1b[39m: ${evalue}`] };
}

const packageFolder = new URL('..', import.meta.url).href;

const UNSEEN = 'what was thrown throws an error itself when it is looked at';

/** An error of any kind, thrown by a cell or on its behalf. `thrownAt` helps where it has no stack. */
export function describeError(
  error: unknown,
  cells: ReadonlyMap<string, CellSource>,
  thrownAt?: { name: string; position: Position },
): ErrorContent {
  try {
    return described(error, cells, thrownAt);
  } catch {
    if (thrownAt) return framed('Thrown', UNSEEN, thrownAt.name, thrownAt.position, cells);
    return { ename: 'Thrown', evalue: UNSEEN, traceback: [`\x1b[31mThrown\x1b[39m: ${UNSEEN}`] };
  }
}

function described(
  error: unknown,
  cells: ReadonlyMap<string, CellSource>,
  thrownAt?: { name: string; position: Position },
): ErrorContent {
  if (error instanceof CellError && thrownAt)
    return framed(error.name, error.message, thrownAt.name, error.position, cells);
  if (error instanceof SyntaxError && 'file' in error && 'position' in error)
    return framed('SyntaxError', error.message, error.file as string, error.position as Position, cells);
  if (!(error instanceof Error)) {
    const text = inspect(error);
    return { ename: 'Thrown', evalue: text, traceback: [`\x1b[31mThrown\x1b[39m: ${text}`] };
  }
  const ename = String(error.name || error.constructor?.name || 'Error');
  const evalue = String(error.message);
  const own = error instanceof SyntaxError && !/In\[/.test(String(error.stack ?? '')) ? thrownAt : undefined;
  if (own) return framed(ename, evalue, own.name, own.position, cells);
  clean(error, cells, new Set());
  const traceback = colour(inspect(error, { depth: 4 }), ename).split('\n');
  for (const { name, position } of placesOf(String(error.stack ?? '')))
    traceback.push(...excerpt(sourceOf(name, cells), position));
  return { ename, evalue, traceback };
}

/** Where the error arose: in the user's file if it did, and in the cell that called it. */
function placesOf(stack: string): { name: string; position: Position }[] {
  const frames = [...stack.matchAll(/^\s+at .*?(In\[\d+\]|file:\/\/[^\s)]+?):(\d+):(\d+)\)?$/gm)];
  const cell = frames.findIndex(([, name]) => name.startsWith('In['));
  const shown = [frames.find(([, name], i) => isUsers(name) && (cell < 0 || i < cell)), frames[cell]];
  return shown.flatMap((frame) =>
    frame ? [{ name: frame[1], position: { line: Number(frame[2]), column: Number(frame[3]) } }] : [],
  );
}

const isUsers = (url: string): boolean =>
  url.startsWith('file:') && !url.includes('/node_modules/') && !url.startsWith(packageFolder);

const nameOf = (url: string): string => (url.startsWith('file:') ? fileURLToPath(url) : url);

function sourceOf(name: string, cells: ReadonlyMap<string, CellSource>): string | undefined {
  if (cells.has(name)) return cells.get(name)!.source;
  try {
    return readFileSync(nameOf(name), 'utf8');
  } catch {
    return undefined;
  }
}

function framed(
  ename: string,
  evalue: string,
  name: string,
  position: Position,
  cells: ReadonlyMap<string, CellSource>,
): ErrorContent {
  const head = `\x1b[31m${ename}\x1b[39m: ${evalue}`;
  const where = `    at ${name}:${position.line}:${position.column}`;
  return { ename, evalue, traceback: [head, where, ...excerpt(sourceOf(name, cells), position)] };
}

const colour = (text: string, ename: string): string =>
  text.startsWith(ename) ? `\x1b[31m${ename}\x1b[39m${text.slice(ename.length)}` : text;

// Errors as a notebook shows them: the cell's own lines, no frames of the kernel or of Node.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { excerpt } from './excerpt.js';
import { CellError, REQUIRED, transformCommonJs, transformModule, type Position } from './transform.js';

export interface ErrorContent {
  ename: string;
  evalue: string;
  traceback: string[];
  [key: string]: unknown;
}

/** What is known of a cell that has run: its text, and from where in the script to where in the text. */
export interface CellSource {
  source: string;
  locate: (position: Position) => Position;
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

const kernelFolder = new URL('.', import.meta.url).href;
const packageFolder = new URL('..', import.meta.url).href;

/** An error of any kind, thrown by a cell or on its behalf. `thrownAt` helps where it has no stack. */
export function describeError(
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
  const own = error instanceof SyntaxError && !/In\[/.test(error.stack ?? '') ? thrownAt : undefined;
  if (own) return framed(ename, evalue, own.name, own.position, cells);
  clean(error, cells, new Set());
  const traceback = colour(inspect(error, { depth: 4 }), ename).split('\n');
  for (const { name, position } of placesOf(error.stack ?? ''))
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

/** Rewrites the stacks of an error, its cause and its parts. */
function clean(error: Error, cells: ReadonlyMap<string, CellSource>, seen: Set<unknown>): void {
  if (seen.has(error)) return;
  seen.add(error);
  const stack = error.stack;
  if (typeof stack === 'string') {
    const kept = stack.split('\n').filter((line) => !isInternal(line));
    while (/^\s+at new Promise \(<anonymous>\)$/.test(kept.at(-1)!)) kept.pop();
    const located = kept.map((line) => locateFrame(line, cells)).join('\n');
    try {
      error.stack = located;
    } catch {
      // a frozen error keeps its frames
    }
  }
  const parts = [error.cause, ...((error as { errors?: unknown[] }).errors ?? [])];
  for (const part of parts) if (part instanceof Error) clean(part, cells, seen);
}

function isInternal(line: string): boolean {
  if (!/^\s+at /.test(line)) return false;
  return (
    line.includes(kernelFolder) ||
    /\bnode:(internal|inspector|vm|events|timers)\b|Session\.post|at [^:]*notebook\.ts:1:/.test(line)
  );
}

function locateFrame(line: string, cells: ReadonlyMap<string, CellSource>): string {
  if (!/^\s+at /.test(line)) return line;
  const inCell = line.replace(/(In\[\d+\]):(\d+):(\d+)/, (_, name: string, l: string, c: string) => {
    const position = cells.get(name)?.locate({ line: Number(l), column: Number(c) });
    return position ? `${name}:${position.line}:${position.column}` : `${name}:${l}:${c}`;
  });
  // a file that `%run` evaluates as a cell
  const [file] = /file:\/\/[^\s)]+?(?=:\d+:\d+)/.exec(inCell) ?? [];
  if (file && cells.has(file))
    return inCell.replace(/:(\d+):(\d+)(\)?)$/, (_, l: string, c: string, end: string) => {
      const { line, column } = cells.get(file)!.locate({ line: Number(l), column: Number(c) });
      return `:${line}:${column}${end}`;
    });
  const unversioned = inCell.replace(/\?v=[0-9a-f]{12}(?=:\d)/, '');
  return unversioned.replace(
    /(file:\/\/[^\s)]+?\.[mc]?tsx?)(\?require)?:(\d+):(\d+)/,
    (_, url: string, required: string | undefined, l: string, c: string) => {
      const transform = required === REQUIRED ? transformCommonJs : transformModule;
      const position = inFile(fileURLToPath(url), transform, { line: Number(l), column: Number(c) });
      return `${url}:${position.line}:${position.column}`;
    },
  );
}

function inFile(file: string, transform: typeof transformModule, position: Position): Position {
  try {
    return existsSync(file) ? transform(readFileSync(file, 'utf8'), file).locate(position) : position;
  } catch {
    return position;
  }
}

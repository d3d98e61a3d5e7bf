// Stacks as users know their code: its own lines and names, no frames of the kernel.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { REQUIRED, transformCommonJs, transformModule, type Position, type Script } from './transform.js';

/** What is known of a cell that has run: its text, and from where in the script to where in the text. */
export interface CellSource {
  source: string;
  locate: (position: Position) => Position;
}

const kernelFolder = new URL('.', import.meta.url).href;

/** Errors whose stack was made here, and so needs no cleaning. */
const made = new WeakSet<object>();

/** From here on, stacks are made so: also those that cells print and read. */
export function installStacks(cells: ReadonlyMap<string, CellSource>): void {
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map((site) => `    at ${String(site)}`);
    let lines = frames;
    try {
      lines = ofUser(frames, cells);
    } catch {
      // as it came
    }
    made.add(error);
    return [headOf(error), ...lines].join('\n');
  };
}

/** As Node begins a stack: its own errors name their code. */
function headOf(error: Error): string {
  try {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code === 'string' && code.startsWith('ERR_') && plain.includes(error.constructor))
      return `${error.name} [${code}]: ${error.message}`;
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

const plain: unknown[] = [Error, TypeError, RangeError, SyntaxError, URIError];

function ofUser(lines: string[], cells: ReadonlyMap<string, CellSource>): string[] {
  const kept = lines.filter((line) => !isInternal(line));
  while (/^\s+at new Promise \(<anonymous>\)$/.test(kept.at(-1) ?? '')) kept.pop();
  return kept.map((line) => locateFrame(line, cells));
}

/** Rewrites the stacks of an error, its cause and its parts where they were not made by `installStacks`. */
export function clean(error: Error, cells: ReadonlyMap<string, CellSource>, seen: Set<unknown>): void {
  if (seen.has(error)) return;
  seen.add(error);
  const { stack } = error;
  if (typeof stack === 'string' && !made.has(error))
    try {
      error.stack = ofUser(stack.split('\n'), cells).join('\n');
    } catch {
      // a frozen error keeps its frames
    }
  const parts = [error.cause, ...((error as { errors?: unknown[] }).errors ?? [])];
  for (const part of parts) if (part instanceof Error) clean(part, cells, seen);
}

function isInternal(line: string): boolean {
  if (!/^\s+at /.test(line)) return false;
  return (
    line.includes(kernelFolder) ||
    /\bnode:(internal|inspector|vm|events|timers|async_hooks)\b|Session\.post|at [^:]*notebook\.ts:1:/.test(
      line,
    )
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

/** Files that frames were found in, transformed. */
const transformed = new Map<string, { text: string; locate: Script['locate'] }>();

function inFile(file: string, transform: typeof transformModule, position: Position): Position {
  try {
    if (!existsSync(file)) return position;
    const text = readFileSync(file, 'utf8');
    const key = `${transform.name} ${file}`;
    let known = transformed.get(key);
    if (known?.text !== text) transformed.set(key, (known = { text, locate: transform(text, file).locate }));
    return known.locate(position);
  } catch {
    return position;
  }
}

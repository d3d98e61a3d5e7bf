// A cell's magics as TypeScript: calls of the kernel, in place, so that the lines around them stay where they are.
import { isScript, scriptOptions } from './script.js';
import { distance } from 'fastest-levenshtein';
import { applyEdits, type Edit, type Edited } from '../edits.js';
import { insertions } from './insert.js';
import { findMagics, optionsLength, type Found, type Known } from './find.js';

/** The global that rewritten magics call. */
export const MAGIC = '$cellgrad_magic';

/** What a cell may call. */
export interface Names extends Known {
  names(kind: 'line' | 'cell'): string[];
}

/** There is no such magic, or not here. */
export class NoMagic extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

let timings = 0;

export function rewriteMagics(source: string, names: Names): Edited | undefined {
  const found = findMagics(source, names);
  if (!found.length) return undefined;
  const edits = found.flatMap((magic) => {
    refuseUnknown(magic, names);
    if (magic.name === 'time') return timed(source, magic);
    if (magic.name === 'timeit') return repeated(source, magic);
    return [
      { start: magic.start, end: magic.end, text: `${assigned(source, magic)}await ${call(source, magic)};` },
    ];
  });
  return applyEdits(source, edits);
}

function refuseUnknown({ kind, name, start }: Found, names: Names): void {
  if (kind !== 'line' && kind !== 'cell') return;
  if (name.startsWith('%'))
    throw new NoMagic(`%${name} is for a whole cell and must stand on its first line.`, start);
  const mark = kind === 'cell' ? '%%' : '%';
  const all = names.names(kind);
  if (all.includes(name)) return;
  const other = kind === 'cell' ? 'line' : 'cell';
  if (names.names(other).includes(name)) {
    const right = kind === 'cell' ? `%${name}` : `%%${name}`;
    const use = kind === 'cell' ? 'is for a line' : 'is for a whole cell and must stand on its first line';
    throw new NoMagic(`${right} ${use}; there is no ${mark}${name}.`, start);
  }
  const near = all.filter((each) => distance(each, name) <= 2 || each.startsWith(name));
  const hint = near.length ? ` Near: ${near.map((each) => mark + each).join(', ')}.` : '';
  throw new NoMagic(`There is no magic ${mark}${name}.${hint} %lsmagic lists all.`, start);
}

/** The variables that `%%bash --out NAME --err NAME` declares. */
function assigned(source: string, { kind, name, argument }: Found): string {
  if (kind !== 'cell' || !isScript(name)) return '';
  const { out, err } = scriptOptions(source.slice(argument.start, argument.end));
  const taken = [out && `out: ${out}`, err && `err: ${err}`].filter(Boolean).join(', ');
  return taken && `var { ${taken} } = `;
}

function call(source: string, { kind, name, argument, body }: Found): string {
  const line = source.slice(argument.start, argument.end);
  const inserted = kind === 'inspect' ? JSON.stringify(line) : insertions(line, `${MAGIC}.insert`);
  const given =
    kind === 'cell' ? `${inserted}, ${JSON.stringify(source.slice(body!.start, body!.end))}` : inserted;
  return `${MAGIC}.${kind === 'cell' ? 'cell' : 'line'}(${JSON.stringify(name)}, ${given})`;
}

/** The code stays where it is, between two calls. */
function timed(source: string, { kind, start, argument, body }: Found): Edit[] {
  const key = ++timings;
  const code = kind === 'cell' ? body! : argument;
  if (kind === 'cell' && argument.end > argument.start)
    throw new NoMagic('%%time takes no argument: it times the lines below it.', argument.start);
  const stop = `${MAGIC}.stop(${key});`;
  return [
    { start, end: code.start, text: `${MAGIC}.start(${key});` },
    { start: code.end, end: code.end, text: kind === 'cell' ? `\n;${stop}` : `;${stop}` },
  ];
}

/** The code becomes the body of a loop, `await` and all; in a cell magic, the first line is its preparation. */
function repeated(source: string, { kind, start, argument, body }: Found): Edit[] {
  const options = optionsLength(source, argument);
  const begins = argument.start + options;
  const code = kind === 'cell' ? body! : { start: begins, end: argument.end };
  if (!source.slice(code.start, code.end).trim()) throw new NoMagic('%timeit needs code to run.', start);
  const whole = source.slice(begins, code.end);
  const given = JSON.stringify(source.slice(argument.start, begins));
  const head = `await ${MAGIC}.timeit(${given}, ${/\bawait\b/.test(whole) ? 'async ' : ''}($loops: number, $now: () => number) => {`;
  const loop = `; const $begun = $now(); for (let $i = 0; $i < $loops; $i++) {`;
  const tail: Edit = {
    start: code.end,
    end: code.end,
    text: `${kind === 'cell' ? '\n' : ''} } return $now() - $begun; });`,
  };
  if (kind === 'line') return [{ start, end: begins, text: head + loop }, tail];
  return [
    { start, end: begins, text: head },
    { start: argument.end, end: code.start, text: `${loop}\n` },
    tail,
  ];
}

// `%who`, `%whos`, `%reset`: what cells have declared.
import { inspect } from 'node:util';
import { MagicError, print, type Session } from './session.js';

const WIDEST = 60;

function values({ variables }: Session, filter: string): [name: string, value: unknown][] {
  const types = filter.split(/\s+/).filter(Boolean);
  return variables()
    .sort()
    .map((name): [string, unknown] => [name, (globalThis as Record<string, unknown>)[name]])
    .filter(([, value]) => !types.length || types.includes(typeOf(value)));
}

export function who(session: Session, filter: string): void {
  const names = values(session, filter).map(([name]) => name);
  print(names.length ? names.join('  ') : 'No variables.');
}

export function whos(session: Session, filter: string): void {
  const rows = values(session, filter).map(([name, value]) => [name, typeOf(value), summary(value)]);
  if (!rows.length) return print('No variables.');
  const all = [['Name', 'Type', 'Value'], ...rows];
  const width = (column: number): number => Math.max(...all.map((row) => row[column].length));
  const [names, types] = [width(0), width(1)];
  const line = ([name, type, value]: string[]): string =>
    `${name.padEnd(names)}  ${type.padEnd(types)}  ${value}`.trimEnd();
  print([line(all[0]), '-'.repeat(names + types + 9), ...rows.map(line)].join('\n'));
}

/** The class of an object, and what `typeof` says of the rest. */
function typeOf(value: unknown): string {
  try {
    if (value === null) return 'null';
    if (typeof value === 'function') return /^class\b/.test(String(value)) ? 'class' : 'function';
    if (typeof value !== 'object') return typeof value;
    return (value as object).constructor?.name || 'Object';
  } catch {
    return typeof value; // a proxy that throws
  }
}

/** One line: a shape where the value has one, else the beginning of what it would show as. */
function summary(value: unknown): string {
  try {
    if (typeof value === 'object' && value !== null) {
      const { shape, dtype } = value as { shape?: unknown; dtype?: unknown };
      if (Array.isArray(shape))
        return `${shape.join('×') || 'scalar'}${typeof dtype === 'string' ? ` ${dtype}` : ''}`;
      if (Array.isArray(value) || ArrayBuffer.isView(value))
        return cut(`${(value as ArrayLike<unknown>).length} items: ${shown(value)}`);
    }
    return cut(shown(value));
  } catch {
    return '(cannot be shown)';
  }
}

const shown = (value: unknown): string =>
  inspect(value, {
    depth: 0,
    maxArrayLength: 5,
    maxStringLength: WIDEST,
    breakLength: Infinity,
    getters: false,
  });

function cut(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ');
  return line.length > WIDEST ? `${line.slice(0, WIDEST - 1)}…` : line;
}

export async function reset(session: Session, argument: string): Promise<void> {
  if (argument && argument !== '-f') throw new MagicError(`%reset knows the option -f, not '${argument}'.`);
  const count = session.variables().length;
  if (argument !== '-f') {
    if (!session.asks)
      throw new MagicError(
        '%reset asks first, and this front end cannot be asked; %reset -f forgets at once.',
      );
    const answer = await session.input(`Forget all ${count} variables? (y/n) `);
    if (!/^\s*y(es)?\s*$/i.test(answer)) return print('Nothing was forgotten.');
  }
  session.forgetVariables();
  print(`Forgot ${count} variable${count === 1 ? '' : 's'}.`);
}

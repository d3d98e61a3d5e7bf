// Completions, as the language thread finds them and as Jupyter wants them.
import type { Json } from '../wire.js';
import { codePoints } from './text.js';

export interface Entry {
  name: string;
  kind: string;
  signature?: string;
  documentation?: string;
}

/** A value whose properties may be completions, too. */
export interface Live {
  expression: string;
  /** The properties after a dot, in `value["`, or what `value.method("` may mean. */
  of: 'members' | 'keys' | 'arguments';
  start: string;
}

export interface Completions {
  start: number;
  end: number;
  entries: Entry[];
  live?: Live;
}

/** As a `complete_reply`. */
export function reply(code: string, { start, end, entries }: Completions): Json {
  const span = { start: codePoints(code, start), end: codePoints(code, end) };
  return {
    status: 'ok',
    matches: entries.map(({ name }) => name),
    cursor_start: span.start,
    cursor_end: span.end,
    metadata: {
      _jupyter_types_experimental: entries.map(({ name, kind, ...rest }) => ({
        text: name,
        type: kind,
        ...rest,
        ...span,
      })),
    },
  };
}

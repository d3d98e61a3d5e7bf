// Puts what rewritten magics call into the global scope.
import { magicNamed, MAGICS } from './table.js';
import { MAGIC, type Names } from './rewrite.js';
import type { Session } from './session.js';
import { insert } from './insert.js';
import { start, stop, timeit, type Loop } from './time.js';

/** These have a mark of their own. */
const WITHOUT_PERCENT = /^(shell|inspect|source)$/;

/** The magics that a cell may use. */
export function names(bound: (name: string) => boolean): Names {
  return {
    bound,
    line(name) {
      const magic = magicNamed(name);
      return magic?.line && (magic.code ? 'code' : 'text');
    },
    names: (kind) =>
      MAGICS.filter((magic) => magic[kind] && !WITHOUT_PERCENT.test(magic.name)).map(({ name }) => name),
  };
}

/** @param session of the cell that runs at the moment */
export function installMagics(session: () => Session): void {
  const calls = {
    start,
    stop,
    insert,
    timeit: (options: string, loop: Loop) => timeit(session(), options, loop),
    line: async (name: string, argument: string) => magicNamed(name)!.line!(session(), argument),
    cell: async (name: string, argument: string, body: string) =>
      magicNamed(name)!.cell!(session(), argument, body),
  };
  Object.defineProperty(globalThis, MAGIC, { value: calls, configurable: true });
}

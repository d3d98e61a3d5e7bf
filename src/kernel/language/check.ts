// Type errors of a cell, against all that have run before it.
import { excerpt } from '../excerpt.js';
import type { Cells } from './cells.js';
import { typescript } from './typescript.js';

export interface TypeProblem {
  /** The first message, without its elaboration. */
  summary: string;
  /** What is to be shown, with the lines around. */
  lines: string[];
}

// these hold for modules as tsc sees them, but not for cells
const NOT_OF_CELLS = new Set([
  1202, // import x = require()
  1203, // export =
  2632, // an earlier cell's `let` is an import here, but can be assigned
  7016, // a package without types is any
]);
/** How many are shown. */
const MOST = 5;

/** @param shown the code as the user wrote it, which is as long as `code` */
export function check(cells: Cells, code: string, shown: string, name: string): TypeProblem[] {
  cells.show(code);
  const found = cells.service
    .getSemanticDiagnostics(cells.current)
    .filter(
      ({ category, code: id, start = Infinity }) =>
        category === typescript.DiagnosticCategory.Error &&
        start <= code.length &&
        !NOT_OF_CELLS.has(id) &&
        (cells.implicitAny || id < 7000 || id > 7053),
    );
  const problems = found.slice(0, MOST).map(({ code: id, messageText, start = 0 }) => {
    const before = shown.slice(0, start).split('\n');
    const position = { line: before.length, column: before.at(-1)!.length + 1 };
    const message = typescript.flattenDiagnosticMessageText(messageText, '\n');
    return {
      summary: `TS${id}: ${message.split('\n')[0]}`,
      lines: [
        `\x1b[31mTS${id}\x1b[39m: ${message}`,
        `    at ${name}:${position.line}:${position.column}`,
        ...excerpt(shown, position),
      ],
    };
  });
  const more = found.length - problems.length;
  if (more > 0) problems.at(-1)!.lines.push('', `… and ${more} more type error${more === 1 ? '' : 's'}`);
  return problems;
}

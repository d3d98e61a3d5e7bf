// Whether a cell is complete, and how far the line that goes on is indented.
import type { Json } from '../wire.js';
import { parse, problems } from './cells.js';

/** @param given the cell with its magics, which `code` has not */
export function isComplete(given: string, code: string): Json {
  if (/^\s*%%\w/.test(given)) {
    // in a console, an empty line ends the lines of a cell magic
    const ended = /\n[ \t]*$/.test(given.replace(/^\s*%%.*/, ''));
    return ended ? { status: 'complete' } : { status: 'incomplete', indent: '' };
  }
  const [first] = problems(parse(code));
  if (!first) return { status: 'complete' };
  const unterminated = new Set([1010, 1160, 1161]); // comment, template, regular expression
  const open = unterminated.has(first.code) || first.start >= code.trimEnd().length;
  return open ? { status: 'incomplete', indent: indentation(code) } : { status: 'invalid' };
}

function indentation(code: string): string {
  const last = code.trimEnd().split('\n').at(-1) ?? '';
  const own = /^\s*/.exec(last)![0];
  return /[{([]$/.test(last) ? `${own}  ` : own;
}

// `{expression}` in the text after a magic: the value takes its place, as in IPython.
import { parseExpressionAt, type Expression } from 'acorn';

const LITERAL = JSON.stringify;

/**
 * A text as code: a call of `inserter` where `{…}` holds an expression, else a string. `${NAME}`, `{a,b}`, `{1..3}`, `{}` are
 * the shell's; `{{` and `}}` stand for braces.
 */
export function insertions(text: string, inserter: string): string {
  const pieces: string[] = [];
  let literal = '';
  for (let at = 0; at < text.length;) {
    const two = text.slice(at, at + 2);
    if (two === '{{' || two === '}}') {
      literal += two[0];
      at += 2;
      continue;
    }
    const end = text[at] === '{' && text[at - 1] !== '$' ? expressionEnd(text, at + 1) : undefined;
    if (end === undefined) {
      literal += text[at++];
      continue;
    }
    pieces.push(
      LITERAL(literal),
      `[() => (${text.slice(at + 1, end)}), ${LITERAL(text.slice(at, end + 1))}]`,
    );
    literal = '';
    at = end + 1;
  }
  return pieces.length ? `${inserter}(${[...pieces, LITERAL(literal)].join(', ')})` : LITERAL(literal);
}

/** Where the brace after the expression stands; undefined where there is none, or no expression. */
function expressionEnd(text: string, begin: number): number | undefined {
  let expression: Expression;
  try {
    expression = parseExpressionAt(text, begin, { ecmaVersion: 'latest' });
  } catch {
    return undefined;
  }
  if (expression.type === 'SequenceExpression') return undefined;
  const after = /^\s*\)*\s*\}/.exec(text.slice(expression.end));
  return after ? expression.end + after[0].length - 1 : undefined;
}

/** Puts the pieces together. A name that is not there stays as it was written. */
export function insert(...pieces: (string | [value: () => unknown, written: string])[]): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      try {
        return String(piece[0]());
      } catch (error) {
        if (error instanceof ReferenceError) return piece[1];
        throw error;
      }
    })
    .join('');
}

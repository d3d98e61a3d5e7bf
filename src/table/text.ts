// A table as plain text, its columns aligned.
import { eastAsianWidth } from 'get-east-asian-width';
import { stripVTControlCharacters } from 'node:util';
import type { View, ViewColumn } from './view.js';

/** The widest a column gets. */
const WIDEST = 50;
const GAP = '  ';

export function tableText({ index, columns, notice }: View): string {
  const blocks = [index, ...columns].map(column);
  const lines = blocks[0].map((_, row) =>
    blocks
      .map((block) => block[row])
      .join(GAP)
      .trimEnd(),
  );
  return [...lines, `[${notice}]`].join('\n');
}

/** Head and cells, all of one width. */
function column({ name, numeric, cells }: ViewColumn): string[] {
  const texts = [name, ...cells.map(({ text }) => text)].map(cut);
  const most = texts.reduce((widest, text) => Math.max(widest, width(text)), 0);
  return texts.map((text) => {
    const space = ' '.repeat(most - width(text));
    return numeric ? space + text : text + space;
  });
}

function cut(text: string): string {
  const line = stripVTControlCharacters(text).replace(/\t/g, ' ');
  if (width(line) <= WIDEST) return line;
  let kept = '';
  let used = 1;
  for (const letter of line)
    if ((used += width(letter)) <= WIDEST) kept += letter;
    else break;
  return `${kept}…`;
}

/** Places that a terminal gives the text: two a letter of Chinese, Japanese and Korean, none a combining mark. */
function width(text: string): number {
  let sum = 0;
  for (const letter of text)
    if (!/\p{Mark}|\p{Cf}/u.test(letter)) sum += eastAsianWidth(letter.codePointAt(0)!);
  return sum;
}

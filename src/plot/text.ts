// Text in figures: widths without a browser, wrapping, and escaping for plotly.

export const FONT = 'Arial, "Liberation Sans", Helvetica, "DejaVu Sans", sans-serif';

/** Estimated width in pixels, a little generous; the fonts of other machines differ. */
export function textWidth(text: string, size: number): number {
  let em = 0;
  for (const c of text)
    if ("iljtfrI.,:;'|![]() ".includes(c)) em += 0.31;
    else if ('mwMW@%…—'.includes(c)) em += 0.88;
    else if (c > '\u2e7f') em += 1;
    else if (c >= 'A' && c <= 'Z') em += 0.7;
    else em += 0.57;
  return em * size;
}

/** Cuts a text to a width, with an ellipsis. */
export function shorten(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(letters.join('') + '…', size) > width) letters.pop();
  return letters.join('').trimEnd() + '…';
}

/** Breaks a text into at most `lines` lines of a width; what doesn't fit is cut with an ellipsis. */
export function wrap(text: string, size: number, width: number, lines: number): string[] {
  const out: string[] = [];
  for (const part of text.split('\n')) {
    let line = '';
    for (const word of part.split(/\s+/).filter(Boolean)) {
      const longer = line ? `${line} ${word}` : word;
      if (!line || textWidth(longer, size) <= width) line = longer;
      else {
        out.push(line);
        line = word;
      }
    }
    out.push(line);
  }
  if (out.length > lines) out.splice(lines - 1, Infinity, out.slice(lines - 1).join(' '));
  return out.map((l) => shorten(l, size, width));
}

/** Plotly reads its texts as a small HTML; this makes any text stand for itself. */
export function plain(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** Undoes `plain` and splits at `<br>`: what the static renderer draws. */
export function linesOf(markup: string): string[] {
  return markup
    .split('<br>')
    .map((l) => l.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&'));
}

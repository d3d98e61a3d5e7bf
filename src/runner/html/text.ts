// Text for HTML: highlighted, or with a terminal's colours.
import { AnsiUp } from 'ansi_up';
import highlight from 'highlight.js/lib/common';
import { xml } from '../../markup.js';

export function highlightCode(code: string, language: string): string {
  return highlight.getLanguage(language)
    ? highlight.highlight(code, { language, ignoreIllegals: true }).value
    : xml(code);
}

/** As a terminal shows it at last: colours, and lines that a carriage return starts over. */
export function terminalHtml(text: string): string {
  const shown = text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => (line.includes('\r') ? overwritten(line) : line))
    .join('\n');
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  return ansi.ansi_to_html(shown);
}

function overwritten(line: string): string {
  return line.split('\r').reduce((before, next) => next + before.slice(next.length));
}

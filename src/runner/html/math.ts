// Formulas: found in Markdown as Jupyter finds them, set by KaTeX, with the fonts that they use.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import katex from 'katex';
import type { MarkedExtension, Tokens } from 'marked';

const require = createRequire(import.meta.url);

export function formulaHtml(formula: string, display: boolean): string {
  return katex.renderToString(formula, { displayMode: display, throwOnError: false, strict: 'ignore' });
}

interface Rule {
  pattern: RegExp;
  display: boolean;
}

const BLOCKS: Rule[] = [
  { pattern: /^\$\$([^]+?)\$\$[ \t]*(?:\n|$)/, display: true },
  { pattern: /^\\\\\[([^]+?)\\\\\][ \t]*(?:\n|$)/, display: true },
  { pattern: /^(\\begin\{([a-z]+\*?)\}[^]+?\\end\{\2\})[ \t]*(?:\n|$)/, display: true },
];
const INLINES: Rule[] = [
  { pattern: /^\$\$([^$]+?)\$\$/, display: true },
  // a price is no formula: no space inside the dollars, no digit after them
  { pattern: /^\$(?!\s)((?:\\[^]|[^$\\])+?)(?<!\s)\$(?!\d)/, display: false },
  { pattern: /^\\\\\(([^]+?)\\\\\)/, display: false },
];

function extension(name: string, level: 'block' | 'inline', rules: Rule[], start: RegExp) {
  return {
    name,
    level,
    start: (text: string) => text.match(start)?.index,
    tokenizer(text: string): Tokens.Generic | undefined {
      for (const { pattern, display } of rules) {
        const match = pattern.exec(text);
        if (match) return { type: name, raw: match[0], formula: match[1], display };
      }
      return undefined;
    },
    renderer: ({ formula, display }: Tokens.Generic): string =>
      formulaHtml(formula as string, display as boolean) + (level === 'block' ? '\n' : ''),
  };
}

export const mathExtension: MarkedExtension = {
  extensions: [
    extension('blockFormula', 'block', BLOCKS, /^(\$\$|\\\\\[|\\begin\{)/m),
    extension('inlineFormula', 'inline', INLINES, /\$|\\\\\(/),
  ],
};

/** By which class of KaTeX's markup a font is asked for; Main-Regular is always needed. */
const FONTS: [RegExp, string[]][] = [
  [/katex/, ['Main-Regular']],
  [/mathnormal/, ['Math-Italic']],
  [/boldsymbol/, ['Math-BoldItalic']],
  [/mathbf|textbf/, ['Main-Bold']],
  [/mathit|textit/, ['Main-Italic']],
  [/amsrm|mathbb|textbb/, ['AMS-Regular']],
  [/mathcal|textcal/, ['Caligraphic-Regular']],
  [/mathfrak|textfrak/, ['Fraktur-Regular']],
  [/mathscr|textscr/, ['Script-Regular']],
  [/mathsf|textsf/, ['SansSerif-Regular']],
  [/mathtt|texttt/, ['Typewriter-Regular']],
  [/size1|small-op/, ['Size1-Regular']],
  [/size2|large-op/, ['Size2-Regular']],
  [/size3/, ['Size3-Regular']],
  [/size4|delim-size4/, ['Size4-Regular']],
  [/delim-size1/, ['Size1-Regular']],
];

/** The style sheet for the formulas in a page, with its fonts inside; '' for a page without any. */
export function mathStyle(html: string): string {
  if (!html.includes('class="katex')) return '';
  const folder = dirname(require.resolve('katex'));
  const classes = [...html.matchAll(/class="([^"]*)"/g)].map((match) => match[1]).join(' ');
  const wanted = new Set(FONTS.filter(([pattern]) => pattern.test(classes)).flatMap(([, fonts]) => fonts));
  return readFileSync(join(folder, 'katex.min.css'), 'utf8').replace(/@font-face\{[^}]*\}/g, (face) => {
    const font = /KaTeX_([\w-]+)\.woff2/.exec(face)?.[1];
    if (!font || !wanted.has(font)) return '';
    const data = readFileSync(join(folder, 'fonts', `KaTeX_${font}.woff2`)).toString('base64');
    return face.replace(/src:[^}]*/, `src:url(data:font/woff2;base64,${data}) format("woff2")`);
  });
}

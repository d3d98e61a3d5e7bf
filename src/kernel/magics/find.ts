// Where a cell's magics are: `%name …` and `!command` where a statement may begin, `%%name` on the first line,
// `?name` and `name?`, `exit` alone. What stands in strings, templates and comments, or goes on an expression, is none.
import jsTokens from 'js-tokens';

export interface Found {
  kind: 'line' | 'cell' | 'shell' | 'inspect';
  name: string;
  start: number;
  /** Where what belongs to it ends: the line's end, the code's end, or the cell's. */
  end: number;
  /** What follows the name, on its line or, for code, to the statement's end. */
  argument: { start: number; end: number };
  /** The lines below a cell magic. */
  body?: { start: number; end: number };
}

export interface Known {
  /** Whether a line magic has this name, and whether its argument is code. */
  line(name: string): 'code' | 'text' | undefined;
  /** Whether the notebook has a variable of this name. */
  bound(name: string): boolean;
}

type State = 'end' | 'block' | 'operand' | 'operator';

const EXIT = /^\s*(exit|quit)\s*(\(\s*\))?\s*;?\s*$/;
const POSSIBLE = /^[ \t]*[%!?]|\?[ \t]*;?[ \t]*$/m;
const CELL = /^\s*%%([A-Za-z_]\w*)[ \t]*(.*)/;
const NAME = /%(%?)([A-Za-z_]\w*)/y;
const PATH = String.raw`[A-Za-z_$][\w$]*(?:\.[A-Za-z_$#][\w$]*|\[[^\]\n]*\])*`;
const ASKED_BEFORE = new RegExp(String.raw`(\?\??)[ \t]*(${PATH})[ \t]*;?[ \t]*$`, 'my');
const ASKED_AFTER = new RegExp(String.raw`(${PATH})(\?\??)[ \t]*;?\s*$`, 'y');
// an operand must follow these, on the next line too
const EXPECTING =
  /^(await|case|delete|else|export|extends|import|in|instanceof|new|of|return|throw|typeof|void|yield|as|satisfies)$/;
// JavaScript, whatever the notebook's variables: `!(a && b)`, `!!a`, `!await f()`
const NEGATION = /^\s*(\(|!|$|~[^/]|(await|async|function|new|this|typeof|void|import)\b)/;

export function findMagics(source: string, known: Known): Found[] {
  const exit = EXIT.exec(source);
  if (exit && !known.bound(exit[1])) return [exitMagic(source)];
  if (!POSSIBLE.test(source)) return [];
  const whole = CELL.exec(source);
  if (whole) return [cellMagic(source, whole)];
  const found: Found[] = [];
  const brackets: string[] = [];
  let state: State = 'end';
  let from = 0;
  scan: for (;;) {
    let at = from;
    let lineBegins = from === 0 || source[from - 1] === '\n';
    for (const { type, value } of jsTokens(source.slice(from))) {
      if (type === 'LineTerminatorSequence') lineBegins = true;
      else if (type !== 'WhiteSpace') {
        const mayBegin = lineBegins && state !== 'operator' && (!brackets.length || inBlock(brackets));
        const magic = mayBegin ? magicAt(source, at, state, known) : undefined;
        if (magic) {
          found.push(magic);
          from = magic.end;
          state = 'end';
          continue scan;
        }
        lineBegins = false;
        state = after(type, value, state, brackets);
      }
      at += value.length;
    }
    return found;
  }
}

const inBlock = (brackets: string[]): boolean => brackets.at(-1) === '{' && !brackets.includes('`');

/** What a statement's reader expects after this token; keeps the open brackets. */
function after(type: string, value: string, before: State, brackets: string[]): State {
  switch (type) {
    case 'MultiLineComment':
    case 'SingleLineComment':
    case 'HashbangComment':
      return before;
    case 'TemplateHead':
      brackets.push('`');
      return 'operator';
    case 'TemplateMiddle':
      return 'operator';
    case 'TemplateTail':
      brackets.pop();
      return 'operand';
    case 'IdentifierName':
      return EXPECTING.test(value) ? 'operator' : 'operand';
    case 'Punctuator':
      if (/^[([{]$/.test(value)) brackets.push(value);
      else if (/^[)\]}]$/.test(value)) brackets.pop();
      if (value === ';' || value === '{') return 'end';
      if (value === '}') return 'block';
      // `>` ends type arguments more often than it compares across lines
      return /^([)\]>]|\+\+|--)$/.test(value) ? 'operand' : 'operator';
    default:
      return 'operand';
  }
}

function magicAt(source: string, at: number, state: State, known: Known): Found | undefined {
  const line = source.slice(at, lineEnd(source, at));
  if (line.startsWith('%')) {
    NAME.lastIndex = at;
    const match = NAME.exec(source);
    if (!match) return undefined;
    const [{ length }, twice, name] = match;
    const rest = line.slice(length);
    // after an operand it may be a remainder: that of a variable, or of a name that is no magic
    if (state === 'operand' && !known.line(name)) return undefined;
    if (state !== 'end' && isBound(name, source, at, known) && /^(\s*$|[.([;]|\s*[-+*/<>=&|?,)])/.test(rest))
      return undefined;
    return lineMagic(source, at, length, twice ? `%${name}` : name, known);
  }
  if (line.startsWith('!'))
    return isNegation(line.slice(1), source, at, known) ? undefined : shell(source, at);
  if (line.startsWith('?')) {
    if (state === 'operand') return undefined;
    ASKED_BEFORE.lastIndex = at;
    const match = ASKED_BEFORE.exec(source);
    return match
      ? inspection(at, match[0].length, match[1], at + match[0].indexOf(match[2]), match[2])
      : undefined;
  }
  // `a?` could go on below with `b : c`
  ASKED_AFTER.lastIndex = at;
  const match = ASKED_AFTER.exec(source);
  return match ? inspection(at, match[0].trimEnd().length, match[2], at, match[1]) : undefined;
}

function isNegation(text: string, source: string, at: number, known: Known): boolean {
  if (NEGATION.test(text)) return true;
  const match = /^\s*([A-Za-z_$][\w$]*)(.*)$/.exec(text);
  return (
    match !== null &&
    isBound(match[1], source, at, known) &&
    /^(\s*;?\s*$|[.([]|\s*(&&|\|\||\?\?|[!=]==?|\?)\s)/.test(match[2])
  );
}

/** A variable of the notebook, or one that the cell declares above. */
function isBound(name: string, source: string, at: number, known: Known): boolean {
  const declaration = new RegExp(
    String.raw`\b(const|let|var|function|class|enum|import)\b[^=;\n]*\b${name}\b`,
  );
  return known.bound(name) || declaration.test(source.slice(0, at));
}

/** `exit` and `quit` alone in a cell, as consoles know them. */
function exitMagic(source: string): Found {
  const { start, end } = trimmed(source, { start: 0, end: source.length });
  return { kind: 'line', name: 'exit', start, end, argument: { start: end, end } };
}

function cellMagic(source: string, match: RegExpExecArray): Found {
  const start = match[0].indexOf('%');
  const end = lineEnd(source, start);
  const argument = { start: end - match[2].length, end };
  const body = { start: Math.min(end + 1, source.length), end: source.length };
  return {
    kind: 'cell',
    name: match[1],
    start,
    end: source.length,
    argument: trimmed(source, argument),
    body,
  };
}

function lineMagic(source: string, at: number, length: number, name: string, known: Known): Found {
  const begins = at + length;
  const code = known.line(name) === 'code';
  const end = code ? statementEnd(source, begins) : continued(source, begins);
  return { kind: 'line', name, start: at, end, argument: trimmed(source, { start: begins, end }) };
}

function shell(source: string, at: number): Found {
  const end = continued(source, at + 1);
  return { kind: 'shell', name: 'shell', start: at, end, argument: trimmed(source, { start: at + 1, end }) };
}

function inspection(at: number, length: number, marks: string, start: number, path: string): Found {
  const name = marks === '??' ? 'source' : 'inspect';
  return {
    kind: 'inspect',
    name,
    start: at,
    end: at + length,
    argument: { start, end: start + path.length },
  };
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf('\n', at);
  return end < 0 ? source.length : end;
}

/** The end of a line that a backslash at its end continues. */
function continued(source: string, at: number): number {
  let end = lineEnd(source, at);
  while (end < source.length && /\\[ \t\r]*$/.test(source.slice(at, end))) end = lineEnd(source, end + 1);
  return end;
}

/** The end of the code that begins here: brackets are closed, and the next line doesn't go on with a `.`. */
function statementEnd(source: string, from: number): number {
  let depth = 0;
  let at = from;
  let end = from;
  for (const { type, value } of jsTokens(source.slice(from))) {
    if (type === 'LineTerminatorSequence' && depth <= 0 && !/^\s*\??\./.test(source.slice(at))) break;
    if (type === 'TemplateHead' || (type === 'Punctuator' && /^[([{]$/.test(value))) depth++;
    if (type === 'TemplateTail' || (type === 'Punctuator' && /^[)\]}]$/.test(value))) depth--;
    at += value.length;
    if (!/WhiteSpace|LineTerminator|Comment/.test(type)) end = at;
  }
  return end;
}

function trimmed(
  source: string,
  { start, end }: { start: number; end: number },
): { start: number; end: number } {
  const text = source.slice(start, end);
  const begins = start + text.length - text.trimStart().length;
  return { start: begins, end: Math.max(begins, start + text.trimEnd().length) };
}

/** The cell with its magics blanked out, place for place, for what reads only TypeScript. */
export function withoutMagics(source: string, known: Known): string {
  let text = source;
  const blank = (start: number, end: number): void => {
    text = text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, ' ') + text.slice(end);
  };
  for (const { kind, name, start, end, argument, body } of findMagics(source, known)) {
    const code = kind === 'line' || kind === 'cell' ? known.line(name) === 'code' : false;
    if (!code) blank(start, end);
    else blank(start, kind === 'cell' ? body!.start : argument.start + optionsLength(source, argument));
  }
  return text;
}

/** How much of a code magic's argument is options: `-n 10 -r 3 `. */
export function optionsLength(source: string, { start, end }: { start: number; end: number }): number {
  return /^(-[a-z]\s*\d*\s+)*/.exec(source.slice(start, end))![0].length;
}

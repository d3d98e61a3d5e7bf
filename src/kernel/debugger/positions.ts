// Where a source can be stopped: its lines and columns, and those of the script that V8 runs for it.
import { Session, type Debugger } from 'node:inspector';
import { parse } from 'acorn';
import { rewrite } from '../imports.js';
import { names } from '../magics/install.js';
import { transformCell, transformCommonJs, transformModule, type Position } from '../transform.js';

export interface Stop {
  /** In the source, 1-based. */
  source: Position;
  /** In the script, 1-based. */
  script: Position;
}

export interface Compiled {
  /** The script that V8 runs. */
  code: string;
  locate: (position: Position) => Position;
  /** In the order of the source. */
  stops: Stop[];
}

// of a word that is a magic and a variable, only the main thread knows which it is
const magics = names(() => false);

export type Kind = 'cell' | 'module' | 'commonjs' | 'javascript';

/** Throws the transformation's error where the source can't run. */
export function compile(source: string, kind: Kind, file: string): Compiled {
  if (kind === 'cell') {
    const { code, locate } = transformCell(source, { magics });
    return { code, locate, stops: located(breakable(code), locate) };
  }
  const { code, locate } =
    kind === 'module'
      ? transformModule(source, file)
      : kind === 'commonjs'
        ? transformCommonJs(source, file)
        : { code: source, locate: (position: Position) => position };
  return { code, locate, stops: located(breakableModule(code), locate) };
}

/** The first place at or after one of the source where V8 can stop. */
export function stopAt({ stops }: Compiled, line: number, column = 1): Stop | undefined {
  return stops.find(({ source }) => source.line > line || (source.line === line && source.column >= column));
}

function located(places: Position[], locate: (position: Position) => Position): Stop[] {
  const stops = places.map((script) => ({ script, source: locate(script) }));
  return stops.sort((a, b) => a.source.line - b.source.line || a.source.column - b.source.column);
}

/** A module's: what a classic script can't hold is rewritten as in a cell. */
function breakableModule(code: string): Position[] {
  const { code: script, origin } = rewrite(code);
  const from = lines(script);
  const to = lines(code);
  const hidden = importsOf(code);
  const places: Position[] = [];
  for (const place of breakable(script)) {
    const offset = origin(from.offset(place));
    if (!hidden.some(({ start, end }) => offset >= start && offset < end)) places.push(to.position(offset));
  }
  return places;
}

/** Import and re-export declarations, which a module never stops at. */
function importsOf(code: string): { start: number; end: number }[] {
  const { body } = parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowHashBang: true,
    allowReturnOutsideFunction: true,
  });
  return body.filter(
    (node) =>
      node.type === 'ImportDeclaration' ||
      node.type === 'ExportAllDeclaration' ||
      (node.type === 'ExportNamedDeclaration' && !node.declaration),
  );
}

const HEAD = '(async () => {';
// V8 compiles no function that nothing uses, unless an eval might
const TAIL = '\neval("")})';
const NAME = 'cellgrad-debugger-probe';

/** Where V8 can stop in a script, as it says itself: the script is compiled in this thread, and not run. */
function breakable(code: string): Position[] {
  const session = new Session();
  session.connect();
  try {
    let scriptId: string | undefined;
    session.on('Debugger.scriptParsed', ({ params }) => {
      if (params.url === NAME) scriptId = params.scriptId;
    });
    session.post('Debugger.enable');
    session.post('Runtime.enable');
    session.post('Runtime.compileScript', {
      expression: `${HEAD}${code}${TAIL}`,
      sourceURL: NAME,
      persistScript: true,
    });
    let found: Debugger.BreakLocation[] = [];
    if (scriptId)
      session.post(
        'Debugger.getPossibleBreakpoints',
        { start: { scriptId, lineNumber: 0, columnNumber: HEAD.length } },
        (failure, { locations }) => {
          if (!failure) found = locations;
        },
      );
    const end = code.split('\n').length;
    return found
      .filter(({ lineNumber }) => lineNumber < end)
      .map(({ lineNumber, columnNumber = 0 }) => ({
        line: lineNumber + 1,
        column: columnNumber + 1 - (lineNumber === 0 ? HEAD.length : 0),
      }));
  } finally {
    session.disconnect();
  }
}

function lines(text: string): {
  offset: (position: Position) => number;
  position: (offset: number) => Position;
} {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return {
    offset: ({ line, column }) => (starts[line - 1] ?? text.length) + column - 1,
    position: (offset) => {
      let low = 0;
      for (let high = starts.length; high - low > 1;) {
        const middle = (low + high) >> 1;
        if (starts[middle] <= offset) low = middle;
        else high = middle;
      }
      return { line: low + 1, column: offset - starts[low] + 1 };
    },
  };
}

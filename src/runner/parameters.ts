// Parameters as papermill has them: the cell tagged `parameters` declares them with their defaults, and a
// cell put after it overrides them.
import eraser from '@swc/wasm-typescript';
import { parse } from 'acorn';
import { closest } from 'fastest-levenshtein';
import { RunError } from './errors.js';
import { cellId, type Cell, type Notebook } from './notebook.js';

type Kind = 'number' | 'string' | 'boolean' | 'list' | 'object' | 'any';

interface Declared {
  keyword: string;
  kind: Kind;
}

/** Names and texts as they were typed: `key=value`. Throws a RunError. */
export function injectParameters(notebook: Notebook, given: Record<string, string>): Notebook {
  const names = Object.keys(given);
  const at = notebook.cells.findIndex((cell) => isTagged(cell, 'parameters'));
  if (at < 0) {
    if (!names.length) return notebook;
    throw new RunError(
      'parameter',
      `The notebook takes no parameters: none of its cells is tagged "parameters", so ${names.join(', ')} can't be set.`,
    );
  }
  const declared = declarations(notebook.cells[at].source);
  const lines = names.map((name) => {
    const known = declared.get(name);
    if (!known) throw unknownParameter(name, [...declared.keys()]);
    return `${known.keyword} ${name} = ${JSON.stringify(valueOf(name, given[name], known.kind))};`;
  });
  const cells = notebook.cells.filter((cell) => !isTagged(cell, 'injected-parameters'));
  if (!names.length) return { ...notebook, cells };
  const source = ['// Parameters', ...lines].join('\n');
  const injected: Cell = {
    id: cellId(undefined, at, source, new Set(cells.map(({ id }) => id))),
    cell_type: 'code',
    source,
    metadata: { tags: ['injected-parameters'] },
    outputs: [],
    execution_count: null,
  };
  cells.splice(cells.indexOf(notebook.cells[at]) + 1, 0, injected);
  return { ...notebook, cells };
}

export const isTagged = ({ metadata }: Cell, tag: string): boolean =>
  Array.isArray(metadata.tags) && metadata.tags.includes(tag);

function unknownParameter(name: string, names: string[]): RunError {
  if (!names.length)
    return new RunError(
      'parameter',
      `The notebook's cell tagged "parameters" declares none, so not ${name}.`,
    );
  const near = closest(name, names);
  return new RunError(
    'parameter',
    `The notebook has no parameter "${name}". Did you mean "${near}"? It has ${names.join(', ')}.`,
  );
}

/** What a parameters cell declares, in its order. */
function declarations(source: string): Map<string, Declared> {
  const declared = new Map<string, Declared>();
  let program;
  try {
    // types are blanked out where they stood, so that what follows a name in the source is its type
    program = parse(eraser.transformSync(source, { mode: 'strip-only' }).code, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      allowAwaitOutsideFunction: true,
    });
  } catch (cause) {
    throw new RunError(
      'parameter',
      `The notebook's cell tagged "parameters" can't be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration') continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type !== 'Identifier') continue;
      const type = /^\s*[!?]?\s*:\s*([^=]*?)\s*(?:=|;|$)/.exec(source.slice(id.end, init?.start))?.[1];
      const kind = type ? kindOfType(type) : kindOfValue(init);
      declared.set(id.name, { keyword: declaration.kind, kind });
    }
  }
  return declared;
}

function kindOfType(type: string): Kind {
  if (type === 'number' || type === 'string' || type === 'boolean') return type;
  if (/^(readonly\s+)?[\w.]+\[\]$|^(Readonly)?Array<[^|]*>$|^\[[^|]*\]$/.test(type)) return 'list';
  return 'any';
}

function kindOfValue(init: { type: string } | null | undefined): Kind {
  const node = init as { type: string; value?: unknown; argument?: { value?: unknown } } | null | undefined;
  switch (node?.type) {
    case 'Literal': {
      const kind = typeof node.value;
      return kind === 'number' || kind === 'string' || kind === 'boolean' ? kind : 'any';
    }
    case 'TemplateLiteral':
      return 'string';
    case 'UnaryExpression':
      return typeof node.argument?.value === 'number' ? 'number' : 'any';
    case 'ArrayExpression':
      return 'list';
    case 'ObjectExpression':
      return 'object';
    default:
      return 'any';
  }
}

const EXPECTED: Record<Exclude<Kind, 'any' | 'string'>, string> = {
  number: 'a number',
  boolean: 'true or false',
  list: 'a list, written as JSON (such as ["a","b"])',
  object: 'an object, written as JSON (such as {"a":1})',
};

/** JSON where it is JSON, else the text itself; of the kind that the notebook declares. */
function valueOf(name: string, text: string, kind: Kind): unknown {
  const value = parsed(text);
  if (kind === 'any') return value;
  if (kind === 'string') return typeof value === 'string' ? value : text;
  const fits =
    kind === 'list'
      ? Array.isArray(value)
      : kind === 'object'
        ? typeof value === 'object' && value !== null && !Array.isArray(value)
        : typeof value === kind;
  if (fits) return value;
  throw new RunError('parameter', `The parameter "${name}" is ${EXPECTED[kind]}, and "${text}" was given.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

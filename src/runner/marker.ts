// The line that begins a cell of a percent script: `// %% Title [markdown] tags=["parameters"]`, as Jupytext reads it.
import { parse } from 'yaml';

type Json = Record<string, unknown>;

export interface Marker {
  type: 'code' | 'markdown' | 'raw' | undefined;
  metadata: Json;
}

const WITH_OPTIONS = /^\s*\/\/\s*%%(%*)\s(.*)$/;
const BARE = /^\s*\/\/\s*(?:%%|<codecell>|In\[[0-9 ]*\]:?)\s*$/;

/** Undefined for a line that begins no cell. */
export function readMarker(line: string): Marker | undefined {
  const [, depth, options] = WITH_OPTIONS.exec(line) ?? [];
  if (options === undefined) return BARE.test(line) ? { type: undefined, metadata: {} } : undefined;
  const { title: heading, metadata } = readOptions(options.trim());
  const [bracketed, kind] = /\[(markdown|md|raw)\]/.exec(heading) ?? [];
  const title = heading.replace(bracketed ?? '', '').trim();
  if (title) metadata.title = title;
  if (kind === 'md') metadata.region_name = kind;
  if (depth) metadata.cell_depth = depth.length;
  return { type: kind === 'md' ? 'markdown' : (kind as Marker['type']), metadata };
}

function readOptions(text: string): { title: string; metadata: Json } {
  const brace = text.indexOf('{');
  const equals = text.indexOf('=');
  if (brace >= 0 && (equals < 0 || brace < equals)) {
    const metadata = value(text.slice(brace));
    return { title: text.slice(0, brace).trim(), metadata: isObject(metadata) ? metadata : {} };
  }
  if (equals < 0) return { title: text, metadata: {} };
  const [title] = /^.*?(?=\S+\s*$)/.exec(text.slice(0, equals)) ?? [''];
  return { title: title.trim(), metadata: Object.fromEntries(pairs(text.slice(title.length))) };
}

/** `a="1" b c=[1, 2]`, from its end; a key alone is null. */
function pairs(text: string): [string, unknown][] {
  const rest = text.trim();
  if (!rest) return [];
  const [alone] = /(?<=^|\s)[a-zA-Z_.][\w.]*$/.exec(rest) ?? [];
  if (alone) return [...pairs(rest.slice(0, -alone.length)), [alone, null]];
  for (let at = rest.lastIndexOf('='); at > 0; at = rest.lastIndexOf('=', at - 1)) {
    const [key] = /(?<=^|\s)[\w.@/-]+\s*$/.exec(rest.slice(0, at)) ?? [];
    const given = key === undefined ? undefined : value(rest.slice(at + 1));
    if (given !== undefined) return [...pairs(rest.slice(0, at - key!.length)), [key!.trim(), given]];
  }
  return [['incorrectly_encoded_metadata', rest]];
}

const PYTHON: Json = { True: true, False: false, None: null };

/** JSON, or what Python or YAML would write in its place; undefined for anything else. */
function value(given: string): unknown {
  const text = given.trim();
  if (text in PYTHON) return PYTHON[text];
  try {
    return JSON.parse(text);
  } catch {
    if (!/^(\[[^]*\]|\{[^]*\}|'[^']*')$/.test(text)) return undefined;
  }
  try {
    return parse(text, { logLevel: 'error' });
  } catch {
    return undefined;
  }
}

const isObject = (given: unknown): given is Json =>
  typeof given === 'object' && given !== null && !Array.isArray(given);

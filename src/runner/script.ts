// Scripts in Jupytext's percent format, where `// %%` begins a cell: read as Jupytext reads them, so that a script runs as
// the notebook does that Jupytext makes of it.
import { extname } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { RunError } from './errors.js';
import { readMarker, type Marker } from './marker.js';
import { cellId, checkLanguage, readText, type Cell, type Notebook } from './notebook.js';

type Json = Record<string, unknown>;

export interface Script {
  notebook: Notebook;
  /** The script's line where a cell's source begins, 1-based, by the cell's id. */
  lines: ReadonlyMap<string, number>;
}

const FORMATS = ['percent', 'hydrogen'];
const KERNELSPEC = { name: 'cellgrad', display_name: 'TypeScript (cellgrad)', language: 'typescript' };

export const isScript = (file: string): boolean => /\.[cm]?[jt]sx?$/i.test(file);

/** Throws a RunError for a file that can't be read or is no percent script. */
export function readScript(file: string): Script {
  const script = parseScript(readText(file, 'script'), file);
  checkLanguage(script.notebook, file);
  return script;
}

export function parseScript(text: string, file: string): Script {
  const rows = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  if (rows.at(-1) === '') rows.pop();
  const header = readHeader(rows, file);
  const { text_representation: form, ...jupytext } = (header.metadata.jupytext ?? {}) as Json;
  const format = String((form as Json | undefined)?.format_name ?? 'percent');
  if (!FORMATS.includes(format))
    throw new RunError(
      'notebook',
      `${file} is a script of Jupytext's ${format} format; only percent scripts can be run. "jupytext --to ts:percent" converts it.`,
    );
  const metadata: Notebook['metadata'] = { kernelspec: KERNELSPEC, ...header.metadata, jupytext };
  if (!Object.keys(jupytext).length) delete metadata.jupytext;
  const context: Context = {
    extension: extname(file).slice(1).toLowerCase(),
    language: (metadata.kernelspec?.language ?? KERNELSPEC.language).toLowerCase(),
    magics: (jupytext.comment_magics as boolean | undefined) ?? format !== 'hydrogen',
  };

  const cells: Cell[] = [];
  const ids = new Set<string>();
  const lines = new Map<string, number>();
  const add = (cell: Omit<Cell, 'id'>, line: number): void => {
    const id = cellId(undefined, cells.length, cell.source, ids);
    lines.set(id, line);
    cells.push(
      cell.cell_type === 'code' ? { id, ...cell, outputs: [], execution_count: null } : { id, ...cell },
    );
  };
  if (header.front) add({ cell_type: 'raw', source: header.front, metadata: {} }, 1);
  for (let at = header.end; at < rows.length;) {
    const marker = readMarker(rows[at]);
    const next = nextMarker(rows, at, marker?.type);
    const { added, ...cell } = readCell(marker, rows.slice(marker ? at + 1 : at, next), context);
    if (marker || cell.source.trim()) add(cell, (marker ? at + 2 : at + 1) - added);
    at = next;
  }
  return { notebook: { cells, metadata, nbformat: 4, nbformat_minor: 5 }, lines };
}

interface Context {
  extension: string;
  language: string;
  /** Whether magics are written as comments. */
  magics: boolean;
}

/** `added`: how many lines of the source stand before the script's own. */
function readCell(
  marker: Marker | undefined,
  rows: string[],
  context: Context,
): Omit<Cell, 'id'> & { added: number } {
  const { language, magic_args: args, ...metadata } = marker?.metadata ?? {};
  const type = marker?.type ?? (isActive('ipynb', metadata) ? 'code' : 'raw');
  const body = withoutBlank(rows);
  const here = isActive(context.extension, metadata);
  if (type !== 'code') {
    const source = type === 'raw' && !marker?.type && here ? body : body.map(uncommented);
    return { cell_type: type, source: source.join('\n'), metadata, added: 0 };
  }
  const foreign = typeof language === 'string' && language.toLowerCase() !== context.language;
  const source = here && !foreign ? body.map((row) => unescaped(row, context.magics)) : body.map(uncommented);
  if (foreign) source.unshift(`%%${language}${args === undefined ? '' : ` ${String(args)}`}`);
  return { cell_type: 'code', source: source.join('\n'), metadata, added: foreign ? 1 : 0 };
}

/** Whether a cell is for this kind of file: it may say so as `active="ipynb"` or by a tag `active-ipynb`. */
function isActive(extension: string, { run_control, tags, active }: Json): boolean {
  if ((run_control as Json | undefined)?.frozen === true) return extension === 'ipynb';
  const tag = Array.isArray(tags) ? tags.find((each) => String(each).startsWith('active-')) : undefined;
  if (tag !== undefined) return String(tag).split('-').includes(extension);
  return typeof active !== 'string' || active.split(/[.,]/).includes(extension);
}

/** Where the next cell begins. A block of code in a text may hold lines that look like it. */
function nextMarker(rows: string[], from: number, type: Marker['type']): number {
  let fence: string | undefined;
  for (let at = from + 1; at < rows.length; at++) {
    if (type === 'markdown' || type === 'raw') {
      const [, opening] = /^ {0,3}(`{3,}(?!.*`)|~{3,})/.exec(uncommented(rows[at])) ?? [];
      if (fence) {
        if (closes(rows[at], fence)) fence = undefined;
        continue;
      }
      if (opening && rows.slice(at + 1).some((row) => closes(row, opening))) {
        fence = opening;
        continue;
      }
    }
    if (readMarker(rows[at])) return at;
  }
  return rows.length;
}

function closes(row: string, fence: string): boolean {
  const [, closing] = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(uncommented(row)) ?? [];
  return closing?.startsWith(fence) ?? false;
}

/** A cell without the line or the two that part it from the next one. */
function withoutBlank(rows: string[]): string[] {
  const [third, second, last] = rows.slice(-3).map((row) => row.trim());
  if (rows.length >= 3 && third && !second && !last) return rows.slice(0, -2);
  return rows.at(-1) === '' ? rows.slice(0, -1) : rows;
}

const uncommented = (row: string): string => row.replace(/^\/\/ ?/, '');

function unescaped(row: string, magics: boolean): string {
  const wanted = magics ? !/\/\/\s*noescape/.test(row) : /\/\/\s*escape/.test(row);
  const isMagic = wanted && /^\s*(?:\/\/ ?)*%{1,3}[a-zA-Z]/.test(row);
  return isMagic ? row.replace(/^(\s*)\/\/ ?/, '$1') : row;
}

interface Header {
  metadata: Notebook['metadata'];
  /** What isn't Jupyter's, which is a raw cell of the notebook. */
  front?: string;
  /** The row after it. */
  end: number;
}

/** YAML between `// ---` and `// ---`, after a `#!` line and one that names the encoding. */
function readHeader(rows: string[], file: string): Header {
  let start = rows[0]?.startsWith('#!') ? 1 : 0;
  if (/^\/\/.*coding[:=]\s*utf-?8/i.test(rows[start] ?? '')) start++;
  const isRule = (row: string): boolean => /^\/\/ ?---\s*$/.test(row);
  const length = isRule(rows[start] ?? '') ? rows.slice(start + 1).findIndex((row) => isRule(row)) : -1;
  const inside = rows.slice(start + 1, start + 1 + length);
  if (length < 0 || !inside.every((row) => row.startsWith('//'))) return { metadata: {}, end: start };

  const jupyter: string[] = [];
  const front: string[] = [];
  let section = front;
  for (const row of inside.map(uncommented)) {
    if (/^\S/.test(row)) section = /^jupyter\s*:/.test(row) ? jupyter : front;
    section.push(row);
  }
  let end = start + length + 2;
  if (rows[end]?.trim() === '') end++;
  return {
    metadata: jupyterMetadata(inside.map(uncommented).join('\n'), start + 1, file),
    front: front.some((row) => row.trim()) ? ['---', ...front, '---'].join('\n') : undefined,
    end,
  };
}

function jupyterMetadata(yaml: string, before: number, file: string): Notebook['metadata'] {
  let header: unknown;
  try {
    header = parse(yaml, { logLevel: 'error' });
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? (cause.linePos?.[0].line ?? 1) : 1;
    const [why] = (cause as Error).message.split(/ at line |\n/);
    throw new RunError('notebook', `${file}:${before + line}: the header isn't YAML: ${why}.`, { cause });
  }
  const { jupyter } = (header ?? {}) as { jupyter?: unknown };
  return typeof jupyter === 'object' && jupyter !== null && !Array.isArray(jupyter) ? (jupyter as Json) : {};
}

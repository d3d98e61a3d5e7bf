// Notebooks of nbformat 4: read and checked, brought to 4.5, and written as Jupyter writes them.
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RunError } from './errors.js';

type Json = Record<string, unknown>;

export type MimeBundle = Record<string, unknown>;
export type Output =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: string }
  | { output_type: 'display_data'; data: MimeBundle; metadata: Json }
  | { output_type: 'execute_result'; data: MimeBundle; metadata: Json; execution_count: number }
  | { output_type: 'error'; ename: string; evalue: string; traceback: string[] };

export interface Cell {
  id: string;
  cell_type: 'code' | 'markdown' | 'raw';
  source: string;
  metadata: Json & { tags?: string[] };
  attachments?: Record<string, MimeBundle>;
  outputs?: Output[];
  execution_count?: number | null;
}

/** A notebook with its multi-line texts joined. */
export interface Notebook {
  cells: Cell[];
  metadata: Json & {
    kernelspec?: { name?: string; language?: string; display_name?: string };
    language_info?: { name?: string };
    title?: string;
  };
  nbformat: 4;
  nbformat_minor: number;
}

const LANGUAGES = new Set(['typescript', 'javascript']);
const KERNELS = new Set(['cellgrad', 'tslab', 'jslab', 'deno']);

/** Throws a RunError for a file that isn't a notebook for TypeScript. */
export function readNotebook(file: string): Notebook {
  const notebook = parseNotebook(readText(file, 'notebook'), file);
  checkLanguage(notebook, file);
  return notebook;
}

/** Throws a RunError that says what keeps the file from being read. */
export function readText(file: string, what: 'notebook' | 'script'): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const sentence =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `There is no ${what} ${file}.`
        : code === 'EISDIR'
          ? `${file} is a folder; name a ${what} in it.`
          : `The ${what} ${file} can't be read (${code}).`;
    throw new RunError('notebook', sentence, { cause });
  }
  if (!isUtf8(bytes)) throw new RunError('notebook', `The ${what} ${file} is not in UTF-8.`);
  return bytes.toString('utf8');
}

export function parseNotebook(text: string, file: string): Notebook {
  let raw: unknown;
  try {
    raw = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    if (text.trim() === '') throw new RunError('notebook', `${file} is empty, so it is no notebook.`);
    const why = (cause as Error).message;
    throw new RunError('notebook', `${file} is no notebook: it isn't JSON (${why}).`, { cause });
  }
  if (!isObject(raw) || raw.nbformat === undefined)
    throw new RunError('notebook', `${file} is JSON but no notebook: it has no "nbformat".`);
  if (raw.nbformat !== 4)
    throw new RunError(
      'notebook',
      `${file} is a notebook of format ${String(raw.nbformat)}; only format 4 can be read. Open it in Jupyter and save it, which converts it, or use "jupyter nbconvert --to notebook".`,
    );
  if (!Array.isArray(raw.cells)) throw broken(file, 'it has no list of "cells"');
  const ids = new Set<string>();
  const cells = raw.cells.map((cell: unknown, i) => readCell(cell, i, ids, file));
  const minor = typeof raw.nbformat_minor === 'number' ? raw.nbformat_minor : 0;
  return {
    ...raw,
    cells,
    metadata: isObject(raw.metadata) ? raw.metadata : {},
    nbformat: 4,
    nbformat_minor: Math.max(5, minor),
  };
}

function readCell(cell: unknown, index: number, ids: Set<string>, file: string): Cell {
  const where = `cell ${index + 1}`;
  if (!isObject(cell)) throw broken(file, `${where} is no object`);
  const { cell_type: type } = cell;
  if (type !== 'code' && type !== 'markdown' && type !== 'raw')
    throw broken(file, `${where} has the type ${JSON.stringify(type)}`);
  const source = text(cell.source);
  if (source === undefined) throw broken(file, `${where} has no "source"`);
  const metadata = isObject(cell.metadata) ? cell.metadata : {};
  const rest = { ...cell, cell_type: type, source, metadata } as Cell;
  rest.id = cellId(cell.id, index, source, ids);
  if (type !== 'code') return rest;
  const outputs = Array.isArray(cell.outputs) ? cell.outputs.filter(isObject).map(readOutput) : [];
  const count = typeof cell.execution_count === 'number' ? cell.execution_count : null;
  return { ...rest, outputs, execution_count: count };
}

function readOutput(output: Json): Output {
  if (output.output_type === 'stream') return { ...output, text: text(output.text) ?? '' } as Output;
  if (!isObject(output.data)) return output as Output;
  const data = Object.entries(output.data).map(([mime, value]) => [
    mime,
    isJsonMime(mime) ? value : (text(value) ?? value),
  ]);
  return { ...output, data: Object.fromEntries(data) as MimeBundle } as Output;
}

/** Format 4.5 wants an id for every cell, each once; a missing one is made of what the cell says. */
export function cellId(given: unknown, index: number, source: string, ids: Set<string>): string {
  const valid = typeof given === 'string' && /^[a-zA-Z0-9-_]{1,64}$/.test(given) && !ids.has(given);
  let id = valid ? given : '';
  for (let salt = 0; !id || (!valid && ids.has(id)); salt++)
    id = createHash('sha256').update(`${index}\n${salt}\n${source}`).digest('hex').slice(0, 8);
  ids.add(id);
  return id;
}

/** Throws a RunError where the notebook names a kernel of another language. */
export function checkLanguage({ metadata }: Notebook, file: string): void {
  const { kernelspec, language_info } = metadata;
  const language = (kernelspec?.language ?? language_info?.name)?.toLowerCase();
  // one that names no kernel at all is taken at the caller's word
  if (language === undefined && kernelspec?.name === undefined) return;
  if (language !== undefined ? LANGUAGES.has(language) : KERNELS.has(kernelspec!.name!)) return;
  const name = kernelspec?.display_name ?? kernelspec?.name ?? language;
  const tongue = language && !name?.toLowerCase().includes(language) ? ` (${language})` : '';
  throw new RunError(
    'kernel',
    `${file} is a notebook for the kernel "${name}"${tongue}, and cellgrad runs TypeScript and JavaScript only. If its cells are TypeScript, open it in Jupyter, choose "TypeScript (cellgrad)" and save it.`,
  );
}

/** The notebook as a file, one space an indent and a list of lines for every text, as Jupyter does it. */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: lines(cell.source),
    ...(cell.outputs && { outputs: cell.outputs.map(formatOutput) }),
  }));
  return `${JSON.stringify({ ...notebook, cells }, null, 1)}\n`;
}

function formatOutput(output: Output): Json {
  if (output.output_type === 'stream') return { ...output, text: lines(output.text) };
  if (!('data' in output)) return output;
  const data = Object.entries(output.data).map(([mime, value]) => [
    mime,
    typeof value === 'string' && isText(mime) ? lines(value) : value,
  ]);
  return { ...output, data: Object.fromEntries(data) as MimeBundle };
}

const isText = (mime: string): boolean =>
  mime.startsWith('text/') || mime === 'image/svg+xml' || mime === 'application/javascript';

const isJsonMime = (mime: string): boolean => mime === 'application/json' || mime.endsWith('+json');

const lines = (value: string): string[] => value.match(/[^\n]*\n|[^\n]+/g) ?? [];

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((line) => typeof line === 'string') ? value.join('') : undefined;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const broken = (file: string, why: string): RunError =>
  new RunError('notebook', `${file} is a damaged notebook: ${why}.`);

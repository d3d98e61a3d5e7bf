// `%load`, `%run`, `%cd`, `%%writefile`: magics about files.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { extname, resolve } from 'node:path';
import process from 'node:process';
import { writeWholeSync } from '../../files.js';
import { MagicError, print, type Session } from './session.js';

const home = (path: string): string => path.replace(/^~(?=$|\/)/, homedir());
const unquoted = (path: string): string => path.replace(/^(['"])(.*)\1$/, '$2');

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new MagicError(
      code === 'ENOENT' ? `There is no file ${path}.` : code === 'EISDIR' ? `${path} is a folder.` : message,
    );
  }
}

function pathOf(magic: string, argument: string): string {
  if (!argument)
    throw new MagicError(`%${magic} needs a file: %${magic} ${magic === 'run' ? 'file.ts' : 'FILE'}`);
  return resolve(home(unquoted(argument)));
}

/** The file's text takes the place of the cell's, to be looked at and run. */
export function load({ payload }: Session, argument: string): void {
  const path = pathOf('load', argument);
  payload({ source: 'set_next_input', text: `// %load ${argument}\n${read(path)}`, replace: true });
}

interface NotebookCell {
  cell_type: string;
  source: string | string[];
}

/** Evaluates a file (or a notebook's cells) as if it stood in a cell. */
export async function runFile(session: Session, argument: string): Promise<void> {
  const path = pathOf('run', argument);
  const text = read(path);
  if (extname(path) !== '.ipynb') return void (await session.evaluate(text, path));
  let cells: NotebookCell[];
  try {
    ({ cells } = JSON.parse(text) as { cells: NotebookCell[] });
  } catch (error) {
    throw new MagicError(`${path} is no notebook: ${(error as Error).message}`);
  }
  for (const [i, { cell_type, source }] of cells.entries())
    if (cell_type === 'code') await session.evaluate([source].flat().join(''), `${path}#${i + 1}`);
}

/** Changes the process's folder, for files and commands; imports stay relative to the notebook's. */
export function cd(_: Session, argument: string): void {
  const path = resolve(home(unquoted(argument || '~')));
  try {
    process.chdir(path);
  } catch {
    throw new MagicError(`There is no folder ${path} that can be entered.`);
  }
  print(process.cwd());
}

export function writefile(_: Session, argument: string, body: string): void {
  const path = pathOf('%writefile', argument);
  writeWholeSync(path, body.endsWith('\n') ? body : `${body}\n`);
  print(`Wrote ${path}`);
}

// `cellgrad clean`: notebooks as git should see them.
import { realpathSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { FileError, writeWholeSync } from '../files.js';
// not by way of the room's index, which loads what pages are made with: git starts this for every notebook
import { cleanNotebook } from '../runner/clean.js';
import { RunError } from '../runner/errors.js';
import { readText } from '../runner/notebook.js';
import { UsageError } from './errors.js';
import { installFilter, uninstallFilter } from './git-filter.js';

export interface CleanFlags {
  check?: boolean;
  install?: boolean;
  uninstall?: boolean;
}

export async function clean(files: string[], flags: CleanFlags): Promise<number> {
  if (flags.install || flags.uninstall) {
    process.stdout.write(flags.install ? installFilter() : uninstallFilter());
    return 0;
  }
  if (!files.length)
    throw new UsageError('Name the notebooks to clean, or "-" for one that comes on standard input.');
  let code = 0;
  for (const file of files) {
    try {
      const isClean = file === '-' ? await cleanInput(flags) : cleanFile(file, flags);
      if (flags.check && !isClean) code = 1;
    } catch (error) {
      if (!(error instanceof RunError || error instanceof FileError)) throw error;
      process.stderr.write(`${error.message}\n`);
      code = 1;
    }
  }
  return code;
}

/** Tells whether it was clean. */
function cleanFile(file: string, { check }: CleanFlags): boolean {
  const before = readText(file, 'notebook');
  const after = cleanNotebook(before, file);
  const isClean = after === before;
  if (!isClean && !check) writeWholeSync(realpathSync(file), after);
  const what = isClean ? 'is clean' : check ? 'is not clean' : `cleaned, ${size(before, after)} less`;
  process.stdout.write(`${file}: ${what}\n`);
  return isClean;
}

async function cleanInput({ check }: CleanFlags): Promise<boolean> {
  const before = await text(process.stdin);
  const after = cleanNotebook(before, 'The text on standard input');
  if (!check) process.stdout.write(after);
  return after === before;
}

function size(before: string, after: string): string {
  const bytes = Buffer.byteLength(before) - Buffer.byteLength(after);
  return bytes < 1000
    ? `${bytes} bytes`
    : bytes < 1e6
      ? `${Math.round(bytes / 1e3)} kB`
      : `${(bytes / 1e6).toFixed(1)} MB`;
}

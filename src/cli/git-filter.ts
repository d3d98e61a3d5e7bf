// The git filter that cleans notebooks on their way into a repository, whose files keep their outputs.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeWholeSync } from '../files.js';
import { UsageError } from './errors.js';

const LINE = '*.ipynb filter=cellgrad';

/** Returns what it changed, as sentences. */
export function installFilter(): string {
  const attributes = attributesFile();
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const settings: Record<string, string> = {
    clean: `${[process.execPath, main].map(quoted).join(' ')} clean -`,
    smudge: 'cat',
    required: 'true',
  };
  const changed: string[] = [];
  for (const [name, value] of Object.entries(settings)) {
    const key = `filter.cellgrad.${name}`;
    if (git('config', '--local', '--get', key).stdout === `${value}\n`) continue;
    mustGit('config', '--local', key, value);
    changed.push(`Set ${key} in this repository's configuration.\n`);
  }
  const before = existsSync(attributes) ? readFileSync(attributes, 'utf8') : '';
  if (!before.split(/\r?\n/).includes(LINE)) {
    writeWholeSync(attributes, `${before}${before && !before.endsWith('\n') ? '\n' : ''}${LINE}\n`);
    changed.push(`Added "${LINE}" to ${shown(attributes)}.\n`);
  }
  if (!changed.length) return 'The filter is installed already.\n';
  return `${changed.join('')}Git now takes notebooks without outputs, and leaves the files as they are; "git add --renormalize ." does so with those that it has.\n`;
}

export function uninstallFilter(): string {
  const attributes = attributesFile();
  const changed: string[] = [];
  if (git('config', '--local', '--remove-section', 'filter.cellgrad').status === 0)
    changed.push("Removed filter.cellgrad from this repository's configuration.\n");
  const before = existsSync(attributes) ? readFileSync(attributes, 'utf8') : '';
  const after = before.replace(/^\*\.ipynb filter=cellgrad\r?\n?/gm, '');
  if (after !== before) {
    writeWholeSync(attributes, after);
    changed.push(`Removed "${LINE}" from ${shown(attributes)}.\n`);
  }
  return changed.join('') || 'The filter is not installed in this repository.\n';
}

/** Of this clone alone: it names a program of this machine. */
function attributesFile(): string {
  const { status, stdout } = git('rev-parse', '--git-path', 'info/attributes');
  if (status !== 0) throw new UsageError('This folder is in no git repository; "git init" makes it one.', 1);
  return resolve(stdout.trim());
}

function mustGit(...args: string[]): void {
  const { status, stderr } = git(...args);
  if (status !== 0) throw new UsageError(`git ${args[0]} failed: ${stderr.trim()}`, 1);
}

function git(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { error, ...ended } = spawnSync('git', args, { encoding: 'utf8' });
  if (error) throw new UsageError(`git can't be run: ${error.message}`, 1);
  return ended;
}

/** For the shell with which git runs filters, on Windows too. */
const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;

const shown = (path: string): string => relative(process.cwd(), path);

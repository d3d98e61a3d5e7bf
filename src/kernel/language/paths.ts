// Completion in strings: files and folders, packages and their subpaths, Node's modules.
import { readdirSync, readFileSync, statSync, type Dirent } from 'node:fs';
import { builtinModules } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface Path {
  name: string;
  kind: 'folder' | 'file' | 'package' | 'module';
}

const MODULE = /\.([cm]?[jt]sx?|json)$/;

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

const isFolder = (entry: Dirent, folder: string): boolean =>
  entry.isDirectory() ||
  (entry.isSymbolicLink() &&
    (statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false));

/** What begins with the last part of a path; hidden files only if it begins with a dot. */
export function files(typed: string, folder: string, wanted: (name: string) => boolean = () => true): Path[] {
  const slash = typed.lastIndexOf('/') + 1;
  const [head, start] = [typed.slice(0, slash), typed.slice(slash)];
  const at = resolve(folder, head.replace(/^~(?=\/)/, homedir()));
  return list(at)
    .filter(({ name }) => name.startsWith(start) && (start.startsWith('.') || !name.startsWith('.')))
    .flatMap((entry): Path[] => {
      if (isFolder(entry, at)) return [{ name: `${head}${entry.name}/`, kind: 'folder' }];
      return wanted(entry.name) ? [{ name: head + entry.name, kind: 'file' }] : [];
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** What a cell may import. */
export function modules(typed: string, folder: string): Path[] {
  if (/^\.{0,2}\//.test(typed))
    return files(typed, folder, (name) => MODULE.test(name) && !name.endsWith('.d.ts'));
  if (/^\.{1,2}$/.test(typed)) return ['./', '../'].map((name) => ({ name, kind: 'folder' }));
  const builtins = builtinModules
    .filter((name) => !name.startsWith('_'))
    .flatMap((name) => (name.startsWith('node:') ? [name] : [`node:${name}`, name]))
    .filter((name) => name.startsWith(typed));
  return [...packages(typed, folder), ...builtins.map((name): Path => ({ name, kind: 'module' }))];
}

/** Packages of the folders upward; after a package's name, what it exports. */
function packages(typed: string, folder: string): Path[] {
  const found = new Map<string, Path>();
  const [, name] = /^((?:@[^/]+\/)?[^/@][^/]*)\//.exec(typed) ?? [];
  for (let at = folder; ; at = dirname(at)) {
    const root = join(at, 'node_modules');
    if (name)
      for (const path of exported(join(root, name), name)) found.set(path, { name: path, kind: 'module' });
    else
      for (const entry of list(root)) {
        if (entry.name.startsWith('.')) continue;
        const names = entry.name.startsWith('@')
          ? list(join(root, entry.name)).map((each) => `${entry.name}/${each.name}`)
          : [entry.name];
        for (const each of names) found.set(each, { name: each, kind: 'package' });
      }
    if (dirname(at) === at) break;
  }
  return [...found.values()]
    .filter((path) => path.name.startsWith(typed) && !path.name.startsWith('@types/'))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function exported(folder: string, name: string): string[] {
  let manifest: { exports?: unknown };
  try {
    manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { exports?: unknown };
  } catch {
    return [];
  }
  const { exports } = manifest;
  if (exports === undefined)
    return list(folder)
      .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
      .filter((entry) => isFolder(entry, folder) || MODULE.test(entry.name))
      .map((entry) => `${name}/${entry.name}${isFolder(entry, folder) ? '/' : ''}`);
  if (typeof exports !== 'object' || exports === null) return [];
  return Object.keys(exports)
    .filter((key) => key.startsWith('./') && !key.includes('*'))
    .map((key) => name + key.slice(1));
}

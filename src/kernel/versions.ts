// Reloading after an edit: a module's address carries a version that changes when the file, or a file that
// it imports from the user's folders, changes.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveLocal } from './resolution.js';

interface Seen {
  stamp: string;
  imports: string[];
}
const files = new Map<string, Seen>();

const RELATIVE = /\b(?:from|import|require)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]*)\1/g;

/** The URL with its version; one that names no source file stays as it is. */
export function versioned(url: string): string {
  if (!url.startsWith('file:') || url.includes('?') || /\.(json|node|wasm)$/.test(url)) return url;
  return `${url}?v=${version(fileURLToPath(url))}`;
}

/** The file and all that it imports from the user's folders. */
export function withImports(file: string): string[] {
  const found = new Map<string, string>();
  collect(file, found);
  return [...found.keys()];
}

/** Changes with the file and with what it imports. */
export function version(file: string): string {
  const found = new Map<string, string>();
  collect(file, found);
  const hash = createHash('sha1');
  for (const path of [...found.keys()].sort()) hash.update(`${path}\0${found.get(path)}\0`);
  return hash.digest('hex').slice(0, 12);
}

function collect(file: string, found: Map<string, string>): void {
  const status = statSync(file, { throwIfNoEntry: false });
  if (!status || found.has(file) || file.includes('/node_modules/')) return;
  const stamp = `${status.mtimeMs}:${status.size}`;
  found.set(file, stamp);
  let seen = files.get(file);
  if (seen?.stamp !== stamp) files.set(file, (seen = { stamp, imports: importsOf(file) }));
  for (const specifier of seen.imports) {
    const url = resolveLocal(specifier, dirname(file));
    if (url) collect(fileURLToPath(url), found);
  }
}

function importsOf(file: string): string[] {
  if (!/\.[cm]?[jt]sx?$/.test(file)) return [];
  return [...readFileSync(file, 'utf8').matchAll(RELATIVE)].map(([, , specifier]) => specifier);
}

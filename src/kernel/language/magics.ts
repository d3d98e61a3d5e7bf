// Completion of magics: their names, and the files that some of them are about.
import type { Names } from '../magics/rewrite.js';
import type { Completions } from './reply.js';
import { files } from './paths.js';

export function completeMagic(
  names: Names,
  code: string,
  cursor: number,
  folder: string,
): Completions | undefined {
  const before = code.slice(0, cursor);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const [, path] = /^\s*(?:%(?:run|load|cd)|%%writefile|!(?:.*\s)?)\s*([^\s'"]*)$/.exec(line) ?? [];
  if (path !== undefined) {
    const folders = /^\s*%cd\b/.test(line);
    const found = files(path, folder, () => !folders);
    return found.length ? { start: cursor - path.length, end: cursor, entries: found } : undefined;
  }
  const [, mark, start] = /^\s*(%%?)(\w*)$/.exec(line) ?? [];
  if (mark === undefined) return undefined;
  const first = before.trim() === mark + start;
  const cell = first ? names.names('cell').map((name) => `%%${name}`) : [];
  const all = mark === '%%' ? cell : [...names.names('line').map((name) => `%${name}`), ...cell];
  const entries = all
    .filter((name) => name.startsWith(mark + start) || name.startsWith(`%%${start}`))
    .map((name) => ({ name, kind: 'magic' }));
  return { start: cursor - mark.length - start.length, end: cursor, entries };
}

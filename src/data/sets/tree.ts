// The files under a folder, and those that a name with `*` means.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Files under a folder by their paths with `/`, sorted; hidden ones and what archivers leave behind are not looked at. */
export class Tree {
  readonly paths: readonly string[];
  private byName: Map<string, string[]> | undefined;

  constructor(readonly root: string) {
    const paths: string[] = [];
    const walk = (folder: string): void => {
      for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
        if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
        const path = folder ? `${folder}/${entry.name}` : entry.name;
        if (entry.isDirectory()) walk(path);
        else paths.push(path);
      }
    };
    walk('');
    this.paths = paths.sort();
  }

  /**
   * The file that a pattern means: `*` is any part of a name, a leading folder `**` any folders. Of several, the one with the
   * fewest folders, then the first.
   */
  find(pattern: string): string | undefined {
    const stem = pattern.slice(pattern.lastIndexOf('/') + 1).split('*')[0];
    const fits = matcher(pattern);
    const depth = (path: string): number => path.split('/').length;
    let best: string | undefined;
    for (const path of this.candidates(stem, pattern.includes(`${stem}*`)))
      if (fits(path) && (best === undefined || depth(path) < depth(best))) best = path;
    return best;
  }

  /** A set has 100,000 files and more: they are looked up by name, without the extension where that is open. */
  private candidates(stem: string, open: boolean): readonly string[] {
    if (!stem) return this.paths;
    if (open && !stem.endsWith('.')) return this.paths;
    if (!this.byName) {
      this.byName = new Map();
      for (const path of this.paths) {
        const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
        for (const key of new Set([name, name.replace(/[^.]*$/, '')])) {
          const same = this.byName.get(key);
          if (same) same.push(path);
          else this.byName.set(key, [path]);
        }
      }
    }
    return this.byName.get(stem.toLowerCase()) ?? [];
  }
}

/** Whether a path fits; a name in whatever folder, of which tables have 100,000, without an expression. */
function matcher(pattern: string): (path: string) => boolean {
  const name = pattern.startsWith('**/') ? pattern.slice(3).toLowerCase() : '*';
  if (!name.includes('*')) return (path) => `/${path.toLowerCase()}`.endsWith(`/${name}`);
  const expression = new RegExp(`^${pattern.split('**/').map(part).join('(?:.*/)?')}$`, 'i');
  return (path) => expression.test(path);
}

const part = (text: string): string =>
  text
    .split('*')
    .map((literal) => literal.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    .join('[^/]*');

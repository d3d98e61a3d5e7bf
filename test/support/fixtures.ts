// Reference results in ../shared, read where they lie; a suite that needs them skips, saying so, where the folder is absent.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const shared = fileURLToPath(new URL('../../../../shared/', import.meta.url));

export const sharedPath = (path: string): string => shared + path;

export const readFixture = <T>(path: string): T =>
  JSON.parse(readFileSync(sharedPath('fixtures/' + path), 'utf8')) as T;

/** Call first in a suite's `before`. */
export function needsShared(context: Mocha.Context): void {
  if (existsSync(shared)) return;
  console.log('      skipped: ../shared is not beside this checkout');
  context.skip();
}

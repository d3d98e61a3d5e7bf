// The kernelspec: what tells Jupyter how to start us and how to show us.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWholeSync } from '../files.js';
import { kernelArguments } from './spawn.js';

/** Drawn at build time from logo.svg. */
const LOGOS = ['logo-svg.svg', 'logo-32x32.png', 'logo-64x64.png'];

/** Throws a FileError. */
export function writeKernelspec(folder: string): void {
  const spec = {
    argv: [process.execPath, ...kernelArguments(), '--connection-file', '{connection_file}'],
    display_name: 'TypeScript (cellgrad)',
    language: 'typescript',
    interrupt_mode: 'message',
    metadata: { debugger: true },
  };
  for (const logo of LOGOS)
    writeWholeSync(join(folder, logo), readFileSync(new URL(`./${logo}`, import.meta.url)));
  // Jupyter sees a kernel once this file is there
  writeWholeSync(join(folder, 'kernel.json'), `${JSON.stringify(spec, null, 2)}\n`);
}

// How to start a kernel process.
import { fileURLToPath } from 'node:url';

/** Arguments for Node, up to where the connection file is named. */
export function kernelArguments(): string[] {
  return [
    // an interrupt may end a timer's callback half-way, which these checks would take for a defect of Node
    '--no-force-async-hooks-checks',
    fileURLToPath(new URL('./main.js', import.meta.url)),
    'kernel',
  ];
}

#!/usr/bin/env node
// The `cellgrad` command.
import { UsageError } from './errors.js';

// a reader that has gone, such as `head`, is no reason to fail
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  const [command, option, file] = process.argv.slice(2);
  // a front end waits for a kernel, which therefore starts without the parser
  if (command === 'kernel' && option === '--connection-file' && file)
    await (await import('./kernel.js')).kernel(file);
  else await (await import('./program.js')).runProgram();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}

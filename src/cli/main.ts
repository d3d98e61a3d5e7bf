#!/usr/bin/env node
// The `cellgrad` command.
import { CommanderError } from 'commander';
import { UsageError } from './errors.js';
import { cellgradProgram, sentenceOf } from './program.js';

// a reader that has gone, such as `head`, is no reason to fail
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  // not process.exit: what was written to a pipe must arrive
  await cellgradProgram((code) => (process.exitCode = code)).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    const sentence = sentenceOf(error);
    if (sentence) process.stderr.write(`${sentence}\n`);
    process.exitCode = error.exitCode && 2;
  } else if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else throw error;
}

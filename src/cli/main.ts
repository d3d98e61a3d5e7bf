#!/usr/bin/env node
// The `cellgrad` command.
import { readFileSync } from 'node:fs';
import { commands } from './commands.js';
import { UsageError } from './errors.js';
import { commandHelp, helpText, nearest, parseOptions } from './options.js';

async function main([name, ...given]: string[]): Promise<number | undefined> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(helpText(commands));
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    const file = new URL('../../../package.json', import.meta.url);
    process.stdout.write(`${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const visible = Object.keys(commands).filter((each) => !commands[each].hidden);
    const near = nearest(name, visible);
    const what = name.startsWith('-') ? 'option' : 'command';
    throw new UsageError(
      `cellgrad has no ${what} "${name}". ${near ? `Did you mean "${near}"?` : `There are ${visible.join(', ')}.`}`,
    );
  }
  if (given.includes('--help') || given.includes('-h')) {
    process.stdout.write(`${commandHelp(name, command)}\n`);
    return 0;
  }
  const options = parseOptions(name, command, given);
  return (await command.load())(options);
}

try {
  const code = await main(process.argv.slice(2));
  // not process.exit: what was written to a pipe must arrive
  if (code !== undefined) process.exitCode = code;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}

// The command line: what each command takes, and the module that does it, loaded only when it is called.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { dataCommand } from './data.js';
import { UsageError } from './errors.js';
import type { CleanFlags } from './clean.js';
import type { InstallFlags } from './install.js';
import type { LabFlags } from './lab.js';
import type { RunFlags } from './run.js';

/** Parses the command line and does what it says. Throws a UsageError. */
export async function runProgram(): Promise<void> {
  const program = cellgradProgram();
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // help and version have been said
    if (error.exitCode === 0) return;
    process.exitCode = 2;
    if (error.code !== 'commander.help') throw new UsageError(sentenceOf(error, program));
  }
}

function cellgradProgram(): Command {
  // not process.exit: what was written to a pipe must arrive
  const done = (code: number): void => void (process.exitCode = code);
  const program = new Command('cellgrad')
    .description('TypeScript notebooks for fine-tuning image classifiers')
    .version(version(), '-v, --version', 'says the version')
    .helpOption('-h, --help', 'says what a command takes')
    .helpCommand(false);

  place(program.command('install'))
    .description('registers the kernel with Jupyter, for this user by default')
    .action(async (flags: InstallFlags) => done((await import('./install.js')).install(flags)));

  place(program.command('uninstall'))
    .description('removes what install registered')
    .action(async (flags: InstallFlags) => done((await import('./install.js')).uninstall(flags)));

  program
    .command('lab')
    .description('starts an installed JupyterLab with the kernel, registered or not')
    .argument('[arguments...]', 'a folder or a notebook, and anything else that JupyterLab takes')
    .addOption(new Option('--notebook', 'Jupyter Notebook instead').conflicts('console'))
    .option('--console', 'Jupyter console instead')
    .allowUnknownOption()
    .action(async (args: string[], flags: LabFlags) =>
      done(await (await import('./lab.js')).lab(args, flags)),
    );

  program
    .command('run')
    .description('runs a notebook or a script from top to bottom, without Jupyter or Python')
    .argument('<notebook>', 'the .ipynb file, or a .ts file whose cells begin with "// %%"')
    .option('--output <file>', 'the executed notebook (default: out/NAME.ipynb)')
    .option('--html <file>', 'the report (default: out/NAME.html)')
    .option('--param <key=value>', 'sets a value of the cell tagged "parameters"; may be repeated', parameter)
    .option('--timeout <seconds>', 'the most a cell may take (default: any time)', seconds)
    .option('--allow-errors', 'goes on after a cell that fails')
    .option('--verbose', 'shows what cells print while they run')
    .action(async (notebook: string, flags: RunFlags) =>
      done(await (await import('./run.js')).run(notebook, flags)),
    );

  program
    .command('clean')
    .description('takes outputs, counts and volatile metadata out of notebooks, for git')
    .argument('[notebooks...]', 'the .ipynb files; "-" reads one and writes it cleaned')
    .option('--check', 'changes nothing; exit code 1 if one is not clean')
    .addOption(
      new Option('--install', 'has git do it to what it takes from this repository').conflicts('uninstall'),
    )
    .option('--uninstall', 'removes what --install set')
    .action(async (files: string[], flags: CleanFlags) =>
      done(await (await import('./clean.js')).clean(files, flags)),
    );

  program
    .command('doctor')
    .description('says what this machine offers and whether everything works')
    .option('--json', 'as JSON')
    .action(async (flags: { json?: boolean }) => done(await (await import('./doctor.js')).runDoctor(flags)));

  dataCommand(program, done);

  program
    .command('kernel', { hidden: true })
    .description('starts a kernel; Jupyter calls this')
    .requiredOption('--connection-file <file>', 'where to meet the front end')
    .action(async ({ connectionFile }: { connectionFile: string }) =>
      (await import('./kernel.js')).kernel(connectionFile),
    );

  for (const each of everyCommand(program))
    each
      .exitOverride()
      .configureOutput({ outputError: () => undefined }) // runProgram says it
      .configureHelp({ commandUsage: (command) => usage(program, command) });
  return program;
}

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];

function sentenceOf(error: CommanderError, program: Command): string {
  const text = error.message.replace(/^error: /, '').replace(/\n\((.*)\)$/, '. $1');
  const sentence = text[0].toUpperCase() + text.slice(1);
  if (/[.?!]$/.test(sentence)) return sentence;
  if (error.code !== 'commander.unknownCommand') return `${sentence}.`;
  const names = program.createHelp().visibleCommands(program);
  return `${sentence}. There are ${names.map((command) => command.name()).join(', ')}.`;
}

function place(command: Command): Command {
  return command
    .addOption(new Option('--user', 'for this user (the default)').conflicts(['prefix', 'sysPrefix']))
    .addOption(
      new Option('--prefix <folder>', 'under FOLDER/share/jupyter, such as a virtual environment').conflicts([
        'sysPrefix',
      ]),
    )
    .option('--sys-prefix', 'in the active Python environment (VIRTUAL_ENV or CONDA_PREFIX)')
    .option('--name <name>', 'the kernel’s name', 'cellgrad');
}

function usage(program: Command, command: Command): string {
  if (command === program) return 'cellgrad <command> [options]';
  const names = [command.name()];
  for (let above = command.parent; above; above = above.parent) names.unshift(above.name());
  return `${names.join(' ')} ${command.usage()}`;
}

function parameter(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([A-Za-z_$][\w$]*)=([^]*)$/.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError('It must be KEY=VALUE, such as epochs=3.');
  return { ...before, [key]: value };
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 2_000_000)
    throw new InvalidArgumentError('It must be a number of seconds above 0.');
  return value;
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

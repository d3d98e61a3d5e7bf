// `cellgrad data`: the described sets listed, explained, fetched, verified and audited.
import { Option, type Command } from 'commander';
import { count } from './numbers.js';

/** The commands under `data`; what each does is in data-commands.ts, loaded when it is called. */
export function dataCommand(program: Command, done: (code: number) => void): void {
  const data = program
    .command('data')
    .description('public data sets: which there are, what they hold, how to get them')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
A set is fetched once its licence is accepted; what can't be fetched by a program says how a person does it.
A set that is on the disk already is taken where it lies: --root FOLDER here, data.open(NAME, { root }) in a notebook.

CELLGRAD_DATA     where sets are kept (default: data in the cache)
CELLGRAD_MIRROR   addresses that have NAME/FILE, tried before the set's own
CELLGRAD_OFFLINE  1: nothing is asked of the network`,
    );
  const root = (): Option => new Option('--root <folder>', 'the set’s folder (default: where get brings it)');
  const commands = () => import('./data-commands.js');

  data
    .command('list')
    .description('lists the described sets')
    .option('--json', 'as JSON')
    .action(async (flags: { json?: boolean }) => done((await commands()).list(flags)));

  data
    .command('info')
    .description('says what a set holds, what is wrong with it, what its licence allows, how to get it')
    .argument('<name>', 'a name that list shows')
    .option('--json', 'its description as JSON')
    .action(async (name: string, flags: { json?: boolean }) => done((await commands()).info(name, flags)));

  data
    .command('get')
    .description('fetches a set, and goes on where it was interrupted')
    .argument('<name>', 'a name that list shows')
    .addOption(root())
    .option('--accept', 'accepts the set’s licence, which is recorded')
    .option('--parallel <number>', 'downloads at once', count, 4)
    .option('--keep-archives', 'keeps archives once they are unpacked')
    .action(async (name: string, flags: GetFlags) => done(await (await commands()).get(name, flags)));

  data
    .command('verify')
    .description('lists missing, surplus and altered files of a set; ends with 1 if it is not whole')
    .argument('<name>', 'a name that list shows')
    .addOption(root())
    .option('--no-checksums', 'looks only whether the files are there')
    .option('--json', 'as JSON')
    .action(async (name: string, flags: VerifyFlags) => done(await (await commands()).verify(name, flags)));

  data
    .command('audit')
    .description('says what is wrong with a set: copies, leaks, odd pictures, and what gives the class away')
    .argument('<manifest>', 'a manifest, a folder with one for each class, or a name that list shows')
    .addOption(root())
    .option('--label <column>', 'the column with the label')
    .option('--mirror', 'looks for mirrored copies too')
    .option('--json', 'as JSON')
    .option('--html <file>', 'writes the report with its pictures')
    .action(async (manifest: string, flags: AuditFlags) =>
      done(await (await import('./data-audit.js')).audit(manifest, flags)),
    );
}

export interface GetFlags {
  root?: string;
  accept?: boolean;
  parallel: number;
  keepArchives?: boolean;
}

export interface VerifyFlags {
  root?: string;
  checksums: boolean;
  json?: boolean;
}

export interface AuditFlags {
  root?: string;
  label?: string;
  mirror?: boolean;
  json?: boolean;
  html?: string;
}

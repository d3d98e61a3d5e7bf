// The magics: a row each.
import process from 'node:process';
import { display } from '../display.js';
import { shellLine } from './command.js';
import { TYPES_MODES, type TypesMode } from '../type-checks.js';
import { cd, load, runFile, writefile } from './files.js';
import { npm } from './npm.js';
import { MagicError, print, type Session } from './session.js';
import { script } from './script.js';
import { reset, who, whos } from './variables.js';

export interface Magic {
  name: string;
  usage: string;
  about: string;
  /** After the name comes TypeScript, which the cell runs in place. */
  code?: boolean;
  /** What a line magic does with the rest of its line. */
  line?: (session: Session, argument: string) => unknown;
  /** What a cell magic does with the lines below. */
  cell?: (session: Session, argument: string, body: string) => unknown;
}

// these are compiled: see rewrite.ts
const compiled = (): never => {
  throw new MagicError('This magic is compiled with its cell.');
};

const shown = (mime: string) => (_: Session, __: string, body: string) =>
  void display({ [mime]: body }, { raw: true });

export const MAGICS: readonly Magic[] = [
  {
    name: 'time',
    usage: '%time CODE, %%time',
    about: 'how long code takes, once; its value is the result',
    code: true,
    line: compiled,
    cell: compiled,
  },
  {
    name: 'timeit',
    usage: '%timeit [-n LOOPS] [-r RUNS] CODE, %%timeit [SETUP]',
    about: 'how long code takes, on average; `await` is waited for',
    code: true,
    line: compiled,
    cell: compiled,
  },
  { name: 'inspect', usage: 'NAME?, ?NAME', about: 'signature and documentation of NAME', line: inspectName },
  {
    name: 'source',
    usage: 'NAME??, ??NAME',
    about: 'also its source',
    line: (session, name) => inspectName(session, name, 1),
  },
  {
    name: 'shell',
    usage: '!COMMAND',
    about: 'runs a command of the system’s shell; {EXPRESSION} inserts a value, in other magics too',
    line: shellLine,
  },
  {
    name: 'bash',
    usage: '%%bash [--out NAME] [--err NAME] [ARGUMENTS]',
    about: 'runs the lines below with bash; a variable takes what they print',
    cell: (session, argument, body) => script(session, 'bash', argument, body),
  },
  {
    name: 'sh',
    usage: '%%sh [--out NAME] [--err NAME] [ARGUMENTS]',
    about: 'runs the lines below with sh',
    cell: (session, argument, body) => script(session, 'sh', argument, body),
  },
  {
    name: 'npm',
    usage: '%npm install PACKAGE…',
    about: 'npm in the notebook’s project; what it installs can be imported at once; no install scripts run',
    line: npm,
  },
  { name: 'load', usage: '%load FILE', about: 'puts a file’s text into the cell', line: load },
  {
    name: 'run',
    usage: '%run FILE',
    about: 'runs a .ts, .js or .ipynb file in the notebook’s scope',
    line: runFile,
  },
  {
    name: 'writefile',
    usage: '%%writefile FILE',
    about: 'writes the lines below to a file',
    cell: writefile,
  },
  { name: 'who', usage: '%who [TYPE…]', about: 'the names of the notebook’s variables', line: who },
  { name: 'whos', usage: '%whos [TYPE…]', about: 'the variables with types, shapes and values', line: whos },
  { name: 'reset', usage: '%reset [-f]', about: 'forgets all variables; -f: without asking', line: reset },
  {
    name: 'cd',
    usage: '%cd FOLDER',
    about: 'changes the folder for files and commands (not for imports)',
    line: cd,
  },
  { name: 'pwd', usage: '%pwd', about: 'the folder for files and commands', line: () => process.cwd() },
  { name: 'env', usage: '%env [NAME[=VALUE]]', about: 'shows or sets environment variables', line: env },
  {
    name: 'types',
    usage: '%types [on|warn|off]',
    about: 'checks types from now on: an error stops its cell, or is shown under it',
    line: types,
  },
  { name: 'history', usage: '%history [N]', about: 'the cells that have run, or the last N', line: history },
  ...(['html', 'markdown', 'latex', 'svg', 'javascript'] as const).map((name) => ({
    name,
    usage: `%%${name}`,
    about: `shows the lines below as ${name}`,
    cell: shown({ svg: 'image/svg+xml' }[name as string] ?? `text/${name}`),
  })),
  {
    name: 'exit',
    usage: 'exit, quit',
    about: 'ends a console; elsewhere the front end’s menu ends the kernel',
    line: ({ payload }) => payload({ source: 'ask_exit', keepkernel: false }),
  },
  { name: 'help', usage: '%help', about: 'this table; NAME? tells about NAME', line: help },
  { name: 'lsmagic', usage: '%lsmagic', about: 'this table', line: help },
];

export const magicNamed = (name: string): Magic | undefined => MAGICS.find((magic) => magic.name === name);

function help(): void {
  const rows = [...MAGICS.map(({ usage, about }) => [usage, about]), ['_, __, ___', 'the last results']];
  const width = Math.max(...rows.map(([usage]) => usage.length).filter((length) => length < 30));
  print(rows.map(([usage, about]) => `${usage.padEnd(width)}  ${about}`).join('\n'));
}

function env(_: Session, argument: string): unknown {
  if (!argument) return { ...process.env };
  const [, name, equals, value] = /^([^\s=]+)\s*(=?)\s*([^]*)$/.exec(argument)!;
  if (equals || value) {
    process.env[name] = value.replace(/^(['"])([^]*)\1$/, '$2');
    return print(`${name}=${process.env[name]}`);
  }
  if (process.env[name] === undefined) throw new MagicError(`The environment has no variable ${name}.`);
  return process.env[name];
}

async function types({ ask }: Session, argument: string): Promise<void> {
  if (argument && !TYPES_MODES.includes(argument as TypesMode))
    throw new MagicError(`%types takes on, warn or off, not '${argument}'.`);
  const { types } = await ask('settings', argument ? { types: argument } : {});
  print(`Type checks: ${types as TypesMode}`);
}

async function inspectName({ ask, payload }: Session, name: string, detail_level = 0): Promise<void> {
  const { found, data } = await ask('inspect', { code: name, cursor_pos: name.length, detail_level });
  if (!found) throw new MagicError(`Nothing is known about '${name}'.`);
  payload({ source: 'page', data, start: 0 });
}

async function history({ ask }: Session, argument: string): Promise<void> {
  if (argument && !/^\d+$/.test(argument))
    throw new MagicError(`%history takes a number, not '${argument}'.`);
  const { history: inputs } = await ask('history', { hist_access_type: 'range', session: 0, start: 1 });
  const codes = (inputs as [number, number, string][]).map(([, line, code]) => `// In[${line}]\n${code}`);
  print(codes.slice(argument ? -Number(argument) : 0).join('\n\n'));
}

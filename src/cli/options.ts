// Command-line options, from a table of what a command takes.
import { UsageError } from './errors.js';

export interface OptionSpec {
  /** Names the value in the help; an option without it is a switch. */
  value?: string;
  /** May be given more than once. */
  many?: boolean;
  help: string;
}

export interface CommandSpec {
  summary: string;
  /** Positional arguments, for the help: `NOTEBOOK`. */
  positional?: string[];
  options: Record<string, OptionSpec>;
  hidden?: boolean;
}

export interface Parsed {
  positional: string[];
  has(option: string): boolean;
  one(option: string): string | undefined;
  all(option: string): string[];
}

export function parseOptions(command: string, spec: CommandSpec, given: string[]): Parsed {
  const values = new Map<string, string[]>();
  const positional: string[] = [];
  for (let i = 0; i < given.length; i++) {
    const word = given[i];
    if (word === '--') {
      positional.push(...given.slice(i + 1));
      break;
    }
    if (!/^-./.test(word)) {
      positional.push(word);
      continue;
    }
    const [, name, inline] = /^--?([^=]+)(?:=([^]*))?$/.exec(word) ?? [];
    const option = Object.hasOwn(spec.options, name) ? spec.options[name] : undefined;
    if (!option) throw unknown(`cellgrad ${command} has no option ${word.split('=')[0]}`, `--${name}`, spec);
    if (!option.value && inline !== undefined) throw new UsageError(`The option --${name} takes no value.`);
    const value = option.value ? (inline ?? given[++i]) : '';
    if (value === undefined)
      throw new UsageError(`The option --${name} needs a value: --${name} ${option.value}.`);
    const before = values.get(name) ?? [];
    if (before.length && !option.many) throw new UsageError(`The option --${name} is given twice.`);
    values.set(name, [...before, value]);
  }
  const most = spec.positional?.length ?? 0;
  if (positional.length > most)
    throw new UsageError(`cellgrad ${command} does not know what to do with "${positional[most]}".`);
  return {
    positional,
    has: (option) => values.has(option),
    one: (option) => values.get(option)?.[0],
    all: (option) => values.get(option) ?? [],
  };
}

function unknown(sentence: string, name: string, spec: CommandSpec): UsageError {
  const names = Object.keys(spec.options).map((option) => `--${option}`);
  const near = nearest(name, names);
  const known = names.length ? `It takes ${names.join(', ')}.` : 'It takes none.';
  return new UsageError(`${sentence}. ${near ? `Did you mean ${near}?` : known}`);
}

/** The most similar name, if any is similar. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const d = distance(word.toLowerCase(), name.toLowerCase());
    if (d < least) [best, least] = [name, d];
  }
  return best;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

export function helpText(commands: Record<string, CommandSpec>): string {
  const blocks = Object.entries(commands)
    .filter(([, { hidden }]) => !hidden)
    .map(([name, spec]) => commandHelp(name, spec));
  return `cellgrad: TypeScript notebooks for fine-tuning image classifiers\n\n${blocks.join('\n\n')}\n\n  cellgrad --help, cellgrad --version\n`;
}

export function commandHelp(name: string, { summary, positional = [], options }: CommandSpec): string {
  const lines = Object.entries(options).map(([option, { value, help }]) => {
    const left = `--${option}${value ? ` ${value}` : ''}`;
    return `      ${left.padEnd(22)} ${help}`;
  });
  return [`  cellgrad ${[name, ...positional].join(' ')}`, `    ${summary}`, ...lines].join('\n');
}

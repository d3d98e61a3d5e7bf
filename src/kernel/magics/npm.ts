// `%npm …`: npm in the notebook's own project.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { display } from '../display.js';
import { writeWholeSync } from '../../files.js';
import { run } from './command.js';
import { MagicError, print, type Session } from './session.js';

const INSTALLS = /^(i|install|add|update|up|upgrade|ci|in|ins|isntall)$/;

export async function npm(session: Session, line: string): Promise<void> {
  const args = line.split(/\s+/).filter(Boolean);
  const [command] = args;
  if (!command) throw new MagicError('%npm needs a command: %npm install PACKAGE');
  const project = projectOf(session.folder);
  const installs = INSTALLS.test(command);
  if (installs && !existsSync(join(project, 'package.json'))) {
    writeWholeSync(join(project, 'package.json'), '{\n  "private": true\n}\n');
    print(`No package.json from ${session.folder} upward: created one there.`);
  }
  const scripts = args.some((arg) => /^--(no-ignore-scripts|ignore-scripts=false)$/.test(arg));
  const before = new Map(packagesIn(args).map((name) => [name, installed(project, name)?.version]));
  const options = installs
    ? ['--no-audit', '--no-fund', '--loglevel=http', ...(scripts ? [] : ['--ignore-scripts'])]
    : [];
  const progress = new Progress();
  const ended = await run(session, {
    file: process.platform === 'win32' ? 'npm.cmd' : 'npm',
    shell: process.platform === 'win32',
    args: [...args, ...options],
    cwd: project,
    onError: (text) => progress.take(text),
  }).finally(() => progress.end());
  if (ended !== 0) throw new MagicError(`npm ${command} failed (${ended}) in ${project}.`);
  if (!installs) return;
  for (const [name, earlier] of before) report(project, name, earlier, scripts);
}

/** The folder of the nearest package.json upward; the notebook's own if there is none. */
export function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) return folder;
  }
}

/** The names of the packages in `install a@1 @b/c ./folder -D`. */
function packagesIn([, ...args]: string[]): string[] {
  return args
    .flatMap((arg) => /^((?:@[\w.-]+\/)?[\w.-]+)(?:@.*)?$/.exec(arg)?.[1] ?? [])
    .filter((name) => !name.startsWith('-'));
}

interface Manifest {
  version?: string;
  scripts?: Record<string, string>;
}

function installed(project: string, name: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

function report(project: string, name: string, earlier: string | undefined, scripts: boolean): void {
  const now = installed(project, name);
  if (!now) return;
  if (earlier && earlier !== now.version)
    print(
      `${name} was ${earlier} and is ${now.version}: if a cell has imported it, restart the kernel to use it.`,
    );
  const own = ['preinstall', 'install', 'postinstall'].filter((script) => now.scripts?.[script]);
  if (own.length && !scripts)
    print(
      `${name} has an install script, which was not run; %npm install --ignore-scripts=false ${name} runs it.`,
    );
}

/** npm names every request that it makes; one line of them is shown, and whatever else it says. */
class Progress {
  private requests = 0;
  private rest = '';
  private shownAt = 0;
  private handle: ReturnType<typeof display> | undefined;

  take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.line(line);
  }

  end(): void {
    if (this.rest) this.line(this.rest);
    this.rest = '';
    if (this.handle) this.handle.update({ 'text/plain': `npm: ${this.requests} requests` }, { raw: true });
  }

  private line(line: string): void {
    const url = /^npm http (?:fetch|cache) (?:[A-Z]+ \d+ )?(\S+)/.exec(line)?.[1];
    if (url === undefined) return void process.stderr.write(`${line}\n`);
    this.requests++;
    if (performance.now() - this.shownAt < 200) return;
    this.shownAt = performance.now();
    const bundle = { 'text/plain': `npm: ${this.requests} requests, ${url}` };
    if (this.handle) this.handle.update(bundle, { raw: true });
    else this.handle = display(bundle, { raw: true });
  }
}

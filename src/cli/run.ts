// `cellgrad run`: a notebook or a percent script from top to bottom, written as a notebook and as a page.
import { basename, dirname, join, relative, resolve } from 'node:path';
import {
  formatNotebook,
  injectParameters,
  isScript,
  notebookHtml,
  readNotebook,
  readScript,
  RunError,
  runNotebook,
  terminalProgress,
  type Failure,
  type Notebook,
} from '../runner/index.js';
import { checkWritable, FileError, writeWholeSync } from '../files.js';
import { UsageError } from './errors.js';
import { codeOf, stopSignals } from './signals.js';
import { kernelArguments } from './spawn.js';

export interface RunFlags {
  output?: string;
  html?: string;
  param?: Record<string, string>;
  timeout?: number;
  allowErrors?: boolean;
  verbose?: boolean;
}

export async function run(file: string, flags: RunFlags): Promise<number> {
  try {
    return await runFile(file, flags);
  } catch (error) {
    if (error instanceof FileError) throw new UsageError(error.message, 1);
    if (error instanceof RunError) throw new UsageError(error.message, error.code === 'parameter' ? 2 : 1);
    throw error;
  }
}

async function runFile(file: string, flags: RunFlags): Promise<number> {
  const path = resolve(file);
  const folder = dirname(path);
  const name = basename(path).replace(/\.(ipynb|[cm]?[jt]sx?)$/i, '');
  const source = isScript(file) ? readScript(file) : { notebook: readNotebook(file), lines: undefined };
  const notebook = injectParameters(source.notebook, flags.param ?? {});
  const output = resolve(flags.output ?? join('out', `${name}.ipynb`));
  const html = resolve(flags.html ?? join('out', `${name}.html`));
  if (output === html) throw new UsageError('--output and --html name the same file.');
  for (const place of [output, html]) checkWritable(place);

  const save = (executed: Notebook): void => writeWholeSync(output, formatNotebook(executed));
  const { signal, received, release } = stopSignals();
  try {
    const result = await runNotebook(notebook, {
      kernel: kernelArguments(),
      folder,
      script: source.lines && { file, lines: source.lines },
      timeout: flags.timeout,
      allowErrors: flags.allowErrors,
      signal,
      progress: terminalProgress(process.stderr, { verbose: flags.verbose }),
      onProgress: save,
    });
    for (const failure of result.failures) report(failure);
    const stop = received();
    if (stop) say(`Interrupted${result.ran ? ` in cell ${result.ran}` : ''}.`);
    if (result.ran) {
      save(result.notebook);
      writeWholeSync(html, notebookHtml(result.notebook, { folder, name }));
      process.stdout.write(`Notebook: ${shown(output)}\nReport:   ${shown(html)}\n`);
    }
    if (stop) return codeOf(stop);
    return result.complete && (flags.allowErrors || !result.failures.length) ? 0 : 1;
  } finally {
    release();
  }
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function report({ message, excerpt }: Failure): void {
  say([message, ...excerpt.map((line) => `  ${line}`)].join('\n'));
}

function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

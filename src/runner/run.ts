// Runs a notebook from top to bottom in a kernel of its own, and gathers what it shows.
import { failureOf, nameOf, type Failure, type Places } from './failure.js';
import { startKernelProcess, type KernelProcess } from './kernel-process.js';
import type { Cell, Notebook, Output } from './notebook.js';
import { Outputs } from '../outputs.js';
import { isTagged } from './parameters.js';
import { silent, type Progress } from './progress.js';
import { WidgetStates } from './widget-state.js';

export interface RunOptions {
  /** Arguments for Node that start a kernel. */
  kernel: string[];
  /** The folder the cells work in. */
  folder: string;
  /** The script that the notebook came from, and its lines where the cells begin, by their ids: errors are said to be there. */
  script?: { file: string; lines: ReadonlyMap<string, number> };
  /** The most a cell may take, in seconds; without it, any time. */
  timeout?: number;
  /** Go on after a cell that fails. */
  allowErrors?: boolean;
  /** Ends the run: the running cell is interrupted. */
  signal?: AbortSignal;
  progress?: Progress;
  /** Called now and then, so that what is done so far can be saved. */
  onProgress?: (notebook: Notebook) => void;
  /** How long an interrupted cell may take to end before the kernel is killed, in seconds. */
  grace?: number;
}

export interface RunResult {
  /** With outputs; cells that did not run have none. */
  notebook: Notebook;
  failures: Failure[];
  /** How many cells were run. */
  ran: number;
  /** Whether the run came to its end, failures or not. */
  complete: boolean;
}

/** Longer than a cell that cooperates gets from the kernel to end by itself. */
const GRACE_S = 12;
const SAVE_MS = 10_000;

type End = 'timeout' | 'aborted';

/** Throws a RunError if no kernel starts; whatever a cell does is in the result. */
export async function runNotebook(source: Notebook, options: RunOptions): Promise<RunResult> {
  const { progress = silent, signal } = options;
  const notebook = fresh(source);
  const run = new Run(notebook, options);
  const aborted = whenAborted(signal);
  let kernel: KernelProcess | undefined;
  try {
    progress.starting();
    kernel = await run.start(aborted);
    if (kernel) await run.cells(kernel, aborted);
  } finally {
    progress.close();
    await kernel?.shutDown();
    run.saveWidgets();
  }
  return { notebook, failures: [...run.failures, ...run.uncaught()], ran: run.ran, complete: run.complete };
}

class Run {
  readonly failures: Failure[] = [];
  ran = 0;
  complete = false;
  private readonly failed = new Set<Cell>();
  private readonly outputs = new Outputs();
  private readonly widgets = new WidgetStates();
  private readonly cellOf = new Map<string, Cell>();
  private readonly lines = new Map<number, number>();
  private readonly places: Places = (cell) => {
    const line = this.lines.get(cell);
    return line === undefined ? undefined : { file: this.options.script!.file, line };
  };
  private savedAt = Date.now();

  constructor(
    private readonly notebook: Notebook,
    private readonly options: RunOptions,
  ) {}

  /** Undefined if the run was ended meanwhile. */
  async start(aborted: Promise<'aborted'>): Promise<KernelProcess | undefined> {
    const starting = startKernelProcess({
      args: this.options.kernel,
      cwd: this.options.folder,
      // parameters name files as seen from here, not from the notebook's folder
      env: { ...process.env, CELLGRAD_CALLED_IN: process.cwd() },
      onMessage: (request, type, content, buffers) => this.onMessage(request, type, content, buffers),
    });
    const first = await Promise.race([starting, aborted]);
    if (first !== 'aborted') return first;
    await (await starting.catch(() => undefined))?.kill();
    return undefined;
  }

  async cells(kernel: KernelProcess, aborted: Promise<'aborted'>): Promise<void> {
    const { progress = silent, allowErrors = false, signal } = this.options;
    const wanted = this.notebook.cells.filter(isRunnable);
    for (const [i, cell] of wanted.entries()) {
      if (signal?.aborted) return;
      progress.begin({ number: i + 1, total: wanted.length, title: titleOf(cell, this.notebook.cells) });
      this.ran++;
      const failure = await this.cell(kernel, cell, i + 1, aborted);
      progress.end(failure === undefined);
      if (failure) this.failed.add(cell);
      const allowed = allowErrors || isTagged(cell, 'raises-exception');
      if (failure && !isTagged(cell, 'raises-exception')) this.failures.push(failure);
      if (kernel.dead || (failure && !allowed)) return;
      if (Date.now() - this.savedAt > SAVE_MS) {
        this.saveWidgets();
        this.options.onProgress?.(this.notebook);
        this.savedAt = Date.now();
      }
    }
    this.complete = true;
  }

  saveWidgets(): void {
    this.widgets.write(this.notebook);
  }

  /** What came out of timers and promises that no cell waited for. */
  uncaught(): Failure[] {
    return this.notebook.cells.flatMap((cell) => {
      const error = cell.outputs?.find((output) => output.output_type === 'error');
      if (!error || this.failed.has(cell) || isTagged(cell, 'raises-exception')) return [];
      return [failureOf(cell.execution_count ?? 0, error, this.places)];
    });
  }

  private async cell(
    kernel: KernelProcess,
    cell: Cell,
    number: number,
    aborted: Promise<'aborted'>,
  ): Promise<Failure | undefined> {
    const { timeout, grace = GRACE_S } = this.options;
    const { id, reply } = kernel.execute(cell.source);
    this.cellOf.set(id, cell);
    // every cell counts, so that its number is known before it has run
    const line = this.options.script?.lines.get(cell.id);
    if (line !== undefined) this.lines.set(number, line);
    const limit = after<End>(timeout === undefined ? undefined : timeout * 1000, 'timeout');
    const first = await Promise.race([reply, limit.done, aborted]);
    limit.cancel();
    const end = first === 'timeout' || first === 'aborted' ? first : undefined;
    if (!end) return this.judge(kernel, cell, number, first as Reply);

    kernel.interrupt();
    const patience = after(grace * 1000, 'late' as const);
    const second = await Promise.race([reply, patience.done]);
    patience.cancel();
    if (second === 'late') await kernel.kill();
    else if (second) cell.execution_count = second.execution_count as number;
    const how = second === 'late' ? ' It did not end when it was interrupted, so the kernel was killed.' : '';
    if (end === 'timeout')
      return this.broken(cell, number, 'Timeout', `it ran longer than the limit of ${timeout} s.${how}`);
    this.failed.add(cell);
    if (how) return this.broken(cell, number, 'Killed', `the run was interrupted.${how}`);
    return undefined;
  }

  private judge(kernel: KernelProcess, cell: Cell, number: number, reply: Reply): Failure | undefined {
    if (!reply)
      return this.broken(cell, number, 'DeadKernel', `the kernel ended while it ran.${kernel.lastWords()}`);
    cell.execution_count = reply.execution_count as number;
    if (reply.status !== 'ok')
      return failureOf(
        cell.execution_count,
        reply as unknown as Parameters<typeof failureOf>[1],
        this.places,
      );
    return undefined;
  }

  /** Puts what no message of the kernel says into the cell's outputs. */
  private broken(cell: Cell, number: number, ename: string, why: string): Failure {
    const evalue = why[0].toUpperCase() + why.slice(1);
    cell.outputs!.push({ output_type: 'error', ename, evalue, traceback: [`${ename}: ${evalue}`] });
    cell.execution_count ??= number;
    return { cell: number, message: `${nameOf(number, this.places)}: ${why}`, excerpt: [] };
  }

  private onMessage(request: string, type: string, content: Json, buffers: Uint8Array[]): void {
    this.widgets.take(type, content, buffers);
    const cell = this.cellOf.get(request);
    if (!cell) return;
    this.outputs.take(cell.outputs!, type, content);
    this.options.progress?.output(type, content);
  }
}

type Json = Record<string, unknown>;
type Reply = Json | undefined;

const isRunnable = (cell: Cell): boolean =>
  cell.cell_type === 'code' && cell.source.trim() !== '' && !isTagged(cell, 'skip-execution');

/** A copy whose code cells have not run. */
function fresh(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === 'code' ? { ...cell, outputs: [] as Output[], execution_count: null } : cell,
  );
  const { widgets: _, ...metadata } = notebook.metadata;
  return { ...notebook, metadata, cells };
}

/** The heading right above the cell, or its first line that is more than a comment. */
function titleOf(cell: Cell, cells: Cell[]): string {
  const above = cells[cells.indexOf(cell) - 1];
  const headings = above?.cell_type === 'markdown' ? above.source.match(/^#{1,6}\s.+$/gm) : undefined;
  const heading = headings?.at(-1)?.replace(/^#+\s+|\s*#*\s*$/g, '');
  const lines = cell.source.split('\n').map((line) => line.trim());
  const first = lines.find((line) => line && !/^(\/\/|\/\*|\*|import\b)/.test(line));
  return heading?.replace(/[*_`]/g, '') ?? first ?? lines.find(Boolean) ?? '';
}

function whenAborted(signal: AbortSignal | undefined): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve('aborted');
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}

function after<T>(ms: number | undefined, value: T): { done: Promise<T>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const done = new Promise<T>((resolve) => {
    if (ms !== undefined) timer = setTimeout(() => resolve(value), ms);
  });
  return { done, cancel: () => clearTimeout(timer) };
}

// `progress(items)`: a loop's progress as a bar. Bars within bars share one display.
import { runningCell, type Cell } from '../cell.js';
import { Bar } from './bar.js';
import { show, type Picture, type Show, type ShowKind } from './show.js';

export interface ProgressOptions {
  /** What is counted, at the left of the bar. */
  label?: string;
  /** How many there will be: by default the items' `length` or `size`. */
  total?: number;
  /** `auto`: a bar in a notebook and on a terminal; `lines`: a line on stderr every 10 s and one at the end; `quiet`: nothing. */
  display?: ShowKind;
}

export interface Progress {
  /** How many are done. */
  readonly done: number;
  label: string;
  total: number | undefined;
  /** So many more are done (1). */
  update(n?: number): void;
  /** No more will be done. A bar that is short of its total is said to have been stopped. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Shows how far a loop over `items` is, how quick, and how long the rest will take: `for (const film of progress(films))`,
 * `for await` for async items. Within the loop of another bar it stands below that one, and goes when it ends. It ends with
 * the loop, be that by `break`, an error or an interrupt.
 */
export function progress<T>(items: Iterable<T>, options?: ProgressOptions): Iterable<T> & Progress;
export function progress<T>(items: AsyncIterable<T>, options?: ProgressOptions): AsyncIterable<T> & Progress;
/** A bar that `update` moves, and `close` (or `using`) ends. */
export function progress(total?: number, options?: ProgressOptions): Progress;
export function progress(
  given?: Iterable<unknown> | AsyncIterable<unknown> | number,
  options: ProgressOptions = {},
): Progress {
  const { label = '', display } = options;
  if (given === undefined || typeof given === 'number')
    return new Member(label, options.total ?? given, display);
  if (Symbol.asyncIterator in given)
    return new AsyncLoop(given, label, options.total ?? countOf(given), display);
  if (Symbol.iterator in given) return new Loop(given, label, options.total ?? countOf(given), display);
  throw new TypeError('progress takes what a loop can run over, or how many steps there will be.');
}

function countOf(items: object): number | undefined {
  const { length, size } = items as { length?: unknown; size?: unknown };
  return typeof length === 'number' ? length : typeof size === 'number' ? size : undefined;
}

/** Bars that run within each other, the outermost first, and their display. */
class Group implements Picture {
  readonly bars: Bar[] = [];
  private open = 0;
  private readonly show: Show;

  constructor(
    readonly cell: Cell | undefined,
    readonly kind: ShowKind | undefined,
  ) {
    this.show = show(kind);
  }

  get ended(): boolean {
    return this.open === 0;
  }

  begin(bar: Bar): void {
    this.bars.push(bar);
    this.open++;
    this.show.changed(this);
  }

  changed(): void {
    this.show.changed(this);
  }

  end(bar: Bar): void {
    this.open--;
    if (bar !== this.bars[0]) this.bars.splice(this.bars.indexOf(bar), 1);
    if (this.ended) this.show.end(this);
    else this.show.changed(this);
  }

  html(): string {
    const rows = this.bars.map((bar) => bar.html()).join('');
    return `<div class="cellgrad-progress" style="display:grid;grid-template-columns:max-content minmax(6em,20em) max-content;gap:.2em .8em;align-items:center;font-size:.9em;font-variant-numeric:tabular-nums">${rows}</div>`;
  }

  text(): string {
    return this.bars.map((bar, depth) => '  '.repeat(depth) + bar.text()).join('\n');
  }
}

/** The last one begun; those of a cell that is over take no more bars. */
let latest: Group | undefined;

function group(kind: ShowKind | undefined): Group {
  const cell = runningCell();
  if (!latest || latest.ended || latest.cell !== cell || latest.kind !== kind) latest = new Group(cell, kind);
  return latest;
}

class Member implements Progress {
  private readonly bar: Bar;
  private readonly group: Group;
  private readonly forget: (() => void) | undefined;

  constructor(label: string, total: number | undefined, display: ShowKind | undefined) {
    this.bar = new Bar(label, total);
    this.group = group(display);
    this.group.begin(this.bar);
    this.forget = this.group.cell?.onFailure?.(() => this.end('stopped'));
  }

  get done(): number {
    return this.bar.done;
  }
  get label(): string {
    return this.bar.label;
  }
  set label(label: string) {
    this.bar.label = label;
    this.group.changed();
  }
  get total(): number | undefined {
    return this.bar.total;
  }
  set total(total: number | undefined) {
    this.bar.total = total;
    this.group.changed();
  }

  update(n = 1): void {
    if (this.bar.state !== 'running') return;
    this.bar.add(n);
    this.group.changed();
  }

  close(): void {
    const { total, done } = this.bar;
    this.end(total === undefined || done >= total ? 'done' : 'stopped');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected end(state: 'done' | 'stopped'): void {
    if (this.bar.state !== 'running') return;
    this.bar.end(state);
    this.group.end(this.bar);
    this.forget?.();
  }
}

class Loop<T> extends Member implements Iterable<T> {
  constructor(
    private readonly items: Iterable<T>,
    ...bar: ConstructorParameters<typeof Member>
  ) {
    super(...bar);
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    let state: 'done' | 'stopped' = 'stopped';
    try {
      for (const item of this.items) {
        yield item;
        this.update();
      }
      state = 'done';
    } finally {
      this.end(state);
    }
  }
}

class AsyncLoop<T> extends Member implements AsyncIterable<T> {
  constructor(
    private readonly items: AsyncIterable<T>,
    ...bar: ConstructorParameters<typeof Member>
  ) {
    super(...bar);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let state: 'done' | 'stopped' = 'stopped';
    try {
      for await (const item of this.items) {
        yield item;
        this.update();
      }
      state = 'done';
    } finally {
      this.end(state);
    }
  }
}

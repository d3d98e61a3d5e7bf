// A place for what code shows: prints, displays and errors.
//
// The kernel gives the widget what the captured code shows, and the widget's own state carries it to the front end.
// The other way, to have the front end pick messages by the request they belong to (`msg_id`), can't tell what an
// async function shows from what its cell shows meanwhile, loses what comes after the request has ended, and leaves
// nothing where there is no front end.
import type { Captures } from '../kernel/takers.js';
import { Outputs } from '../outputs.js';
import type { Output as NotebookOutput } from '../runner/notebook.js';
import { classOf } from './classes.js';
import { WidgetError } from './errors.js';
import { register, type Widget } from './widget.js';

/** The whole list travels each time, so a flood of lines goes in few messages. */
const PAUSE_MS = 40;
/** Lines beyond this are for a file. */
const STREAM_CHARACTERS = 1 << 20;

const captures = (): Captures | undefined =>
  (globalThis as Record<symbol, unknown>)[Symbol.for('cellgrad.outputs')] as Captures | undefined;

type Captured<T> = T extends Promise<infer R> ? Promise<R | undefined> : T | undefined;

/** Shows what code shows: `output.capture(() => console.log('here'))`. */
export class Output extends classOf('Output') {
  readonly #gathered = new Outputs();
  readonly #list: NotebookOutput[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sentAt = -Infinity;
  /** What is there goes when something comes. */
  #clearing = false;

  /**
   * Runs, and shows here what that shows until it, or the promise it returns, has settled, an error included; then the
   * result is undefined. What timers of it show later comes here too. Outside of a notebook it only runs.
   *
   * With `clear`, what was here before goes when the first output comes, or at the end.
   */
  capture<T>(run: () => T, { clear = false }: { clear?: boolean } = {}): Captured<T> {
    const kernel = captures();
    if (!kernel) return run() as Captured<T>;
    if (clear) this.clearOutput({ wait: true });
    this.#sentAt = performance.now(); // what takes less than a pause comes in one piece
    const failed = (error: unknown): undefined => {
      kernel.showError(error);
      return undefined;
    };
    const ended = (): void => {
      if (clear && this.#clearing) this.clearOutput();
      this.#show();
    };
    const result: unknown = kernel.capture(
      (type, content) => this.#take(type, content),
      () => {
        try {
          const result = run();
          return result instanceof Promise ? result.catch(failed) : result;
        } catch (error) {
          return failed(error);
        }
      },
    );
    if (result instanceof Promise) return result.finally(ended) as Captured<T>;
    ended();
    return result as Captured<T>;
  }

  /** Removes all that is in it; with `wait`, only when the next output comes. */
  clearOutput({ wait = false }: { wait?: boolean } = {}): void {
    this.#take('clear_output', { wait });
  }

  appendStdout(text: string): void {
    this.#take('stream', { name: 'stdout', text });
  }
  appendStderr(text: string): void {
    this.#take('stream', { name: 'stderr', text });
  }
  /** Shows a value as `display` does. */
  appendDisplayData(value: unknown): void {
    const { display } = globalThis as { display?: (value: unknown) => unknown };
    if (display) this.capture(() => void display(value));
    else throw new WidgetError('argument', 'appendDisplayData needs a notebook, whose display it uses.');
  }

  #take(type: string, content: Record<string, unknown>): void {
    this.#gathered.take(this.#list, type, content);
    this.#clearing = type === 'clear_output' ? Boolean(content.wait) : false;
    const last = this.#list.at(-1);
    if (last?.output_type === 'stream' && last.text.length > STREAM_CHARACTERS + 1000)
      last.text = `[earlier lines are left out]\n${last.text.slice(-STREAM_CHARACTERS)}`;
    const age = performance.now() - this.#sentAt;
    if (age > PAUSE_MS) this.#show();
    else this.#timer ??= setTimeout(() => this.#show(), PAUSE_MS - age);
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sentAt = performance.now();
    if (!this.closed) this.outputs = structuredClone(this.#list);
  }
}
register('Output', Output as unknown as new (traits: object) => Widget);

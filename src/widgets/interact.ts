// interact: controls for a function's arguments, and what it shows for them.
import { inspect } from 'node:util';
import { Button, Checkbox, FloatSlider, IntSlider, Text, VBox } from './classes.js';
import { WidgetError } from './errors.js';
import { Output } from './output.js';
import { Dropdown } from './selection.js';
import { Widget } from './widget.js';

/** An argument that has no control. */
export class Fixed<T> {
  constructor(readonly value: T) {}
}
export const fixed = <T>(value: T): Fixed<T> => new Fixed(value);

/** A slider by its limits. */
export interface Range {
  min: number;
  max: number;
  step?: number;
  value?: number;
}
/** How an argument may be described; see `interact`. */
export type Description =
  | number
  | boolean
  | string
  | Range
  | readonly unknown[]
  | Widget
  | Fixed<unknown>
  | { readonly [label: string]: unknown };

/** The type of the argument that a description stands for. */
export type Argument<D> = D extends number
  ? number
  : D extends boolean
    ? boolean
    : D extends string
      ? string
      : D extends Fixed<infer T>
        ? T
        : D extends Widget & { value: infer V }
          ? V
          : D extends Range
            ? number
            : D extends readonly (infer T)[]
              ? T extends number
                ? number
                : T extends readonly [string, infer V]
                  ? V
                  : T
              : D extends { readonly [label: string]: infer T }
                ? T
                : never;
export type Arguments<D> = { [K in keyof D]: Argument<D[K]> };

export interface InteractOptions {
  /** Runs when a button with this text is pressed, and not at every change. */
  manual?: string | boolean;
}

/** The control that a description stands for. */
function controlFor(name: string, given: unknown): Widget | Fixed<unknown> {
  if (given instanceof Fixed) return given;
  if (given instanceof Widget) {
    if (!('value' in given))
      throw new WidgetError('argument', `The widget for ${name}, a ${given.modelName}, has no value.`);
    return given;
  }
  if (typeof given === 'boolean') return new Checkbox({ value: given });
  if (typeof given === 'string') return new Text({ value: given });
  if (typeof given === 'number') return slider(name, around(name, given), given);
  if (Array.isArray(given)) {
    const limits = limitsOf(given);
    if (limits) return slider(name, limits, middle(limits));
    if (given.length) return new Dropdown({ options: given });
  }
  if (isRange(given)) return slider(name, given, given.value ?? middle(given));
  if (given instanceof Map) return new Dropdown({ options: given as Map<string, unknown> });
  const isPlain = typeof given === 'object' && given !== null && !Array.isArray(given);
  if (isPlain && Object.keys(given).length)
    return new Dropdown({ options: given as Record<string, unknown> });
  throw new WidgetError(
    'argument',
    `The argument ${name} can't have a control for ${inspect(given, { depth: 0 })}: give a number, [min, max, step], an array or object of choices, a boolean, a string, or a widget.`,
  );
}

/** From 0 to 1 for 0, otherwise from the number's negative to three times it, as in ipywidgets. */
function around(name: string, value: number): Range {
  if (!Number.isFinite(value))
    throw new WidgetError('argument', `The argument ${name} must be a finite number, not ${value}.`);
  if (value === 0) return { min: 0, max: 1 };
  return value > 0 ? { min: -value, max: 3 * value } : { min: 3 * value, max: -value };
}

/** `[min, max]` or `[min, max, step]`, where the numbers can be that; others are choices. */
function limitsOf(given: readonly unknown[]): Range | undefined {
  if (given.length < 2 || given.length > 3 || !given.every((each) => Number.isFinite(each))) return undefined;
  const [min, max, step] = given as number[];
  if (min >= max || (step !== undefined && !(step > 0 && step <= max - min))) return undefined;
  return { min, max, step };
}

const isRange = (given: unknown): given is Range =>
  typeof given === 'object' &&
  given !== null &&
  Number.isFinite((given as Range).min) &&
  Number.isFinite((given as Range).max);

function middle({ min, max, step }: Range): number {
  const half = (max - min) / 2;
  const unit = step ?? (Number.isInteger(min) && Number.isInteger(max) ? 1 : undefined);
  return unit === undefined ? min + half : Number((min + Math.floor(half / unit) * unit).toPrecision(12));
}

function slider(name: string, { min, max, step }: Range, value: number): Widget {
  if (min > max || (step !== undefined && !(step > 0)))
    throw new WidgetError(
      'argument',
      `The argument ${name} goes from ${min} to ${max} in steps of ${step}: min must be below max, the step above 0.`,
    );
  const whole = [min, max, step ?? 1, value].every(Number.isInteger);
  if (whole) return new IntSlider({ min, max, step: step ?? 1, value });
  const fine = step ?? Number(((max - min) / 100).toPrecision(1));
  const digits = Math.max(0, Math.min(8, -Math.floor(Math.log10(fine))));
  return new FloatSlider({ min, max, step: fine, value, readoutFormat: `.${digits}f` });
}

/** A box of controls and of what a function shows for their values. */
export class Interactive<R = unknown> extends VBox {
  /** By the arguments' names; fixed ones have none. */
  readonly controls: Readonly<Record<string, Widget>>;
  readonly output: Output;
  /** What the function returned last. */
  result: R | undefined;
  readonly #arguments: Record<string, Widget | Fixed<unknown>>;
  readonly #run: (values: never) => unknown;
  readonly #button: Button | undefined;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(
    run: (values: never) => R | Promise<R>,
    description: Readonly<Record<string, unknown>>,
    { manual = false }: InteractOptions = {},
  ) {
    if (typeof run !== 'function')
      throw new WidgetError('argument', 'interact takes a function and a description of its arguments.');
    const all = Object.entries(description).map(([name, given]) => [name, controlFor(name, given)] as const);
    const controls = all.flatMap(([name, one]) => (one instanceof Widget ? [[name, one] as const] : []));
    for (const [name, control] of controls)
      if ('description' in control && !control.description) control.set({ description: name });
    const output = new Output();
    const text = typeof manual === 'string' ? manual : 'Run';
    const button = manual ? new Button({ description: text }) : undefined;
    super({
      children: [...controls.map(([, control]) => control), ...(button ? [button] : []), output],
      domClasses: ['widget-interact'],
    });
    this.#arguments = Object.fromEntries(all);
    this.#run = run;
    this.#button = button;
    this.controls = Object.fromEntries(controls);
    this.output = output;
    if (button) button.onClick(() => this.update());
    else {
      for (const [, control] of controls) control.observe('value', () => this.update());
      void this.update();
    }
  }

  /** The arguments as the controls have them now. */
  get values(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this.#arguments).map(([name, one]) => [
        name,
        one instanceof Fixed ? one.value : (one as { value: unknown } & Widget).value,
      ]),
    );
  }

  /**
   * Runs the function and shows what it shows and returns. While it is under way, it takes note only that something has
   * changed, and runs once more, with the values of then, when it is done.
   */
  update(): Promise<void> | undefined {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    if (this.#button) this.#button.disabled = true;
    const first = this.#once();
    if (!(first instanceof Promise)) return void this.#done();
    this.#running = (async () => {
      await first;
      while (this.#again) {
        this.#again = false;
        await this.#once();
      }
    })().finally(() => {
      this.#running = undefined;
      this.#done();
    });
    return this.#running;
  }

  /** When the function has been run for the values that the controls have now. */
  get ready(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** Shows itself with the function's first output, for which its cell waits. */
  override mimeBundle(): Record<string, unknown> | Promise<Record<string, unknown>> {
    const bundle = super.mimeBundle();
    return this.#running ? this.#running.then(() => bundle) : bundle;
  }

  #done(): void {
    if (this.#button) this.#button.disabled = false;
  }

  #once(): unknown {
    const keep = (value: R): void => {
      this.result = value;
      const { display } = globalThis as { display?: (value: unknown) => unknown };
      if (value !== undefined && value !== null) display?.(value);
    };
    return this.output.capture(
      () => {
        const result = this.#run(this.values as never) as R | Promise<R>;
        return result instanceof Promise ? result.then(keep) : keep(result);
      },
      { clear: true },
    );
  }
}

/**
 * Makes controls for a function's arguments, and an output below them that is drawn again with every change. Display
 * what it returns, or take its `controls` and its `output` apart and put them elsewhere.
 */
export function interactive<const D extends Readonly<Record<string, Description>>, R>(
  run: (values: Arguments<D>) => R | Promise<R>,
  description: D,
  options?: InteractOptions,
): Interactive<R> {
  return new Interactive<R>(run as (values: never) => R | Promise<R>, description, options);
}

/**
 * Shows controls for a function's arguments, and what the function shows and returns for them:
 * `interact(({ threshold, label }) => draw(threshold, label), { threshold: [0, 1, 0.01], label: ['ill', 'normal'] })`.
 *
 * | description | control |
 * | --- | --- |
 * | a number | slider around it |
 * | `[min, max]`, `[min, max, step]`, `{ min, max, step?, value? }` | slider |
 * | another array, an object or Map from label to value | drop-down |
 * | true or false | checkbox |
 * | a string | text |
 * | a widget with a value | itself |
 * | `fixed(value)` | none |
 */
export function interact<const D extends Readonly<Record<string, Description>>, R>(
  run: (values: Arguments<D>) => R | Promise<R>,
  description: D,
  options?: InteractOptions,
): void {
  const made = interactive(run, description, options);
  const { display } = globalThis as { display?: (value: unknown) => unknown };
  display?.(made);
}

// What all widgets have in common: traits that are checked, watched, and the same here and in the front end.
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { inspect } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import type { Background, Comm } from '../kernel/comms.js';
import { WidgetError } from './errors.js';
import { find, forget, keep, open } from './live.js';
import { same, snake, splitBuffers, type Json } from './state.js';
import type { Traits } from './traits.js';

/** A row of the table of models. */
export interface Model {
  /** The front end's names, where they are not the class's own with `Model` and `View`. */
  model?: string;
  view?: string | null;
  module?: string;
  viewModule?: string;
  version?: string;
  traits: Traits;
  /** What must hold between traits: mends `next`, or throws. */
  rule?: (next: Json, changed: ReadonlySet<string>, name: string) => void;
}

/** What an observer is told. */
export interface Change<V, K extends keyof V = keyof V> {
  name: K;
  old: V[K];
  new: V[K];
  owner: Widget<V>;
}
type Observer = (change: Change<Json>) => unknown;
type MessageHandler = (content: Json, buffers: Uint8Array[]) => unknown;

/** Not in a widget's text form: how it looks, and what follows from the rest. */
const UNTOLD = new Set(['layout', 'style', 'domClasses', 'optionsLabels', 'label', 'index']);
const VIEW = 'application/vnd.jupyter.widget-view+json';
const REFERENCE = 'IPY_MODEL_';
const CONTROLS = '@jupyter-widgets/controls';
/** ipywidgets' own switch; front ends need the echoes where several show one kernel's widgets. */
const echoes = (): boolean =>
  !['no', 'n', 'false', 'off', '0'].includes((process.env.JUPYTER_WIDGETS_ECHO ?? 'yes').toLowerCase());

/** How a widget of a model is made, by the model's name. */
const makers = new Map<string, new (traits: Json) => Widget>();
export function widgetFrom(name: string, traits: Json): Widget {
  return new (makers.get(name)!)(traits);
}
export function register(name: string, maker: new (traits: Json) => Widget): void {
  makers.set(name, maker);
}

/** A widget, with the traits `V`, which may be given as `G`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export class Widget<V = any, G = any> {
  /** The name of the widget's kind, such as `IntSlider`. */
  readonly modelName: string;
  /** By this the front end knows it. */
  readonly modelId: string = randomUUID().replace(/-/g, '');
  readonly #model: Model;
  readonly #wires = new Map<string, string>();
  readonly #observers = new Map<string, Set<Observer>>();
  readonly #handlers = new Set<MessageHandler>();
  #values: Json = {};
  #comm: Comm | undefined;
  #closed = false;
  /** The values before `hold`. */
  #held: Json | undefined;

  constructor(name: string, model: Model, given: object = {}) {
    this.modelName = name;
    this.#model = model;
    for (const [key, trait] of Object.entries(model.traits))
      if (!trait.local) this.#wires.set(trait.wire ?? snake(key), key);
    const checked = this.#check(given as Json);
    for (const [key, trait] of Object.entries(model.traits))
      this.#values[key] = key in checked ? checked[key] : trait.initial();
    model.rule?.(this.#values, new Set(Object.keys(checked)), name);
    this.#comm = open(this);
  }

  /** Whether it has been closed, here or by the front end. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The value of a trait. */
  get<K extends keyof V & string>(name: K): V[K] {
    return this.#values[name] as V[K];
  }

  /**
   * Changes several traits at once: what must hold between them need hold only at the end, the front end hears of
   * them in one message, observers after all have changed. Throws a WidgetError, and changes nothing, for bad values.
   */
  set(given: G): this {
    const checked = this.#check(given as Json);
    const before = { ...this.#values };
    Object.assign(this.#values, checked);
    if (!this.#held) this.#notify(before, this.#commit(before, new Set(Object.keys(checked))));
    return this;
  }

  /** Collects the changes that `run` makes to this widget into one, as `set` does. */
  hold(run: () => void): this {
    if (this.#held) {
      run();
      return this;
    }
    const before = { ...this.#values };
    this.#held = before;
    try {
      const result = run() as unknown;
      if (result instanceof Promise)
        throw new WidgetError('argument', 'hold takes a function that is not async.');
    } catch (error) {
      this.#values = before;
      throw error;
    } finally {
      this.#held = undefined;
    }
    const changed = Object.keys(before).filter((key) => !same(before[key], this.#values[key]));
    this.#notify(before, this.#commit(before, new Set(changed)));
    return this;
  }

  /** Calls `handler` whenever the trait has changed, be it here or by the user. */
  observe<K extends keyof V & string>(
    name: K | readonly K[],
    handler: (change: Change<V, K>) => unknown,
  ): this {
    for (const each of [name].flat() as string[]) {
      this.#known(each);
      if (!this.#observers.has(each)) this.#observers.set(each, new Set());
      this.#observers.get(each)!.add(handler as unknown as Observer);
    }
    return this;
  }

  /** Ends what `observe` began; without a handler, for all of them. */
  unobserve<K extends keyof V & string>(
    name: K | readonly K[],
    handler?: (change: Change<V, K>) => unknown,
  ): this {
    for (const each of [name].flat() as string[]) {
      this.#known(each);
      if (handler) this.#observers.get(each)?.delete(handler as unknown as Observer);
      else this.#observers.delete(each);
    }
    return this;
  }

  /** Sends the widget's front end a message of its own. */
  send(content: Json, buffers: Uint8Array[] = []): void {
    this.#comm?.send({ method: 'custom', content }, { buffers });
  }

  /** Calls `handler` with the messages that the widget's front end sends beside the state; returns what ends that. */
  onMessage(handler: MessageHandler): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Removes the widget from the front end, wherever it is shown. */
  close(): void {
    this.#comm?.close();
    this.ended();
  }

  /** @internal */
  ended(): void {
    this.#comm = undefined;
    this.#closed = true;
    forget(this);
  }

  /** All that the front end knows of it, as it travels: references for widgets, snake case. */
  getState(): Json {
    const { model, view, module = CONTROLS, viewModule = module, version = '2.0.0' } = this.#model;
    const state: Json = {
      _model_module: module,
      _model_module_version: version,
      _model_name: model ?? `${this.modelName}Model`,
      _view_count: null,
      _view_module: viewModule,
      _view_module_version: version,
      _view_name: view === undefined ? `${this.modelName}View` : view,
    };
    for (const [wire, key] of this.#wires) state[wire] = toWire(this.#values[key]);
    return state;
  }

  /** @internal A message of the front end. */
  receive(data: Json): Background | undefined {
    switch (data.method) {
      case 'update':
        return background(this.#receiveState((data.state ?? {}) as Json));
      case 'request_state':
        this.#send(this.getState());
        return undefined;
      case 'custom': {
        const content = (data.content ?? {}) as Json;
        return background(callAll(this.#handlers, content, data.buffers as Uint8Array[]));
      }
      default:
        throw new WidgetError(
          'protocol',
          `The front end sent ${this.modelName} a message of an unknown kind, ${inspect(data.method)}.`,
        );
    }
  }

  [Symbol.for('Jupyter.display')](): Json | Promise<Json> {
    return this.mimeBundle();
  }

  /** What a notebook displays; without a front end, that is its text form. */
  mimeBundle(): Json | Promise<Json> {
    const bundle: Json = { 'text/plain': inspect(this) };
    if (!this.#comm || this.#model.view === null) return bundle;
    keep(this);
    bundle[VIEW] = { version_major: 2, version_minor: 0, model_id: this.modelId };
    return bundle;
  }

  [inspect.custom](depth: number, options: object, show: typeof inspect): string {
    if (this.#closed) return `${this.modelName} (closed)`;
    if (depth < 0) return `${this.modelName} {…}`;
    const told: Json = {};
    for (const [key, value] of Object.entries(this.#values)) {
      if (UNTOLD.has(key)) continue;
      if (key === 'value' || !same(value, this.#model.traits[key].initial())) told[key] = value;
    }
    const text = show(told, { ...options, depth, maxArrayLength: 10, maxStringLength: 80 } as object);
    return `${this.modelName} ${text}`;
  }

  #known(name: string): void {
    const names = Object.keys(this.#model.traits);
    if (names.includes(name)) return;
    const like = closest(name, names);
    const hint = distance(name, like) <= Math.max(2, name.length / 3) ? `; did you mean ${like}?` : '.';
    throw new WidgetError('trait', `${this.modelName} has no trait ${name}${hint}`);
  }

  #check(given: Json): Json {
    const checked: Json = {};
    for (const [key, value] of Object.entries(given)) {
      this.#known(key);
      // left out, as an option that a caller passes on may be
      if (value === undefined) continue;
      checked[key] = this.#model.traits[key].check(value, `${this.modelName}.${key}`);
    }
    return checked;
  }

  /** Makes what has been assigned consistent, or undoes it; tells the front end. @returns what has changed */
  #commit(before: Json, assigned: Set<string>, received: Json = {}): string[] {
    try {
      this.#model.rule?.(this.#values, assigned, this.modelName);
    } catch (error) {
      this.#values = before;
      throw error;
    }
    const changed = Object.keys(before).filter((key) => !same(before[key], this.#values[key]));
    const news: Json = {};
    for (const [wire, key] of this.#wires) {
      if (!(wire in received) && !changed.includes(key)) continue;
      const now = toWire(this.#values[key]);
      if (!(wire in received && same(now, received[wire]))) news[wire] = now;
    }
    this.#send(news);
    return changed;
  }

  #notify(before: Json, changed: string[]): unknown[] {
    const calls = changed.flatMap((name) => {
      const change = { name, old: before[name], new: this.#values[name], owner: this as Widget };
      return [...(this.#observers.get(name) ?? [])].map((observer) => () => observer(change));
    });
    return callAll(calls);
  }

  #receiveState(state: Json): unknown[] {
    const known = Object.fromEntries(Object.entries(state).filter(([wire]) => this.#wires.has(wire)));
    if (echoes()) this.#send(known, 'echo_update');
    const before = { ...this.#values };
    let refused: unknown;
    const assigned = new Set<string>();
    for (const [wire, value] of Object.entries(known)) {
      const key = this.#wires.get(wire)!;
      try {
        const check = this.#model.traits[key].check;
        this.#values[key] = check(fromWire(value), `${this.modelName}.${key} (from the front end)`);
        assigned.add(key);
      } catch (error) {
        refused ??= error;
      }
    }
    let changed: string[];
    try {
      changed = this.#commit(before, assigned, known);
    } catch (error) {
      // the front end is to show what is so
      const now = this.getState();
      this.#send(Object.fromEntries(Object.keys(known).map((wire) => [wire, now[wire]])));
      throw error;
    }
    const results = this.#notify(before, changed);
    if (refused !== undefined) throw refused;
    return results;
  }

  #send(state: Json, method = 'update'): void {
    if (!this.#comm || !Object.keys(state).length) return;
    const { buffers, ...data } = splitBuffers(state);
    this.#comm.send({ method, ...data }, { buffers });
  }
}

/** Calls every one even if some throw; then throws what the first of them threw. */
function callAll<A extends unknown[]>(
  handlers: Iterable<(...values: A) => unknown>,
  ...values: A
): unknown[] {
  const errors: unknown[] = [];
  const results = [...handlers].map((handler) => {
    try {
      return handler(...values);
    } catch (error) {
      errors.push(error);
      return undefined;
    }
  });
  if (errors.length) throw errors[0];
  return results;
}

/** Handlers that are not done yet hold up no other message, such as the click on Stop. */
function background(results: unknown[]): Background | undefined {
  const pending = results.filter((result) => result instanceof Promise);
  return pending.length ? { background: Promise.all(pending) } : undefined;
}

function toWire(value: unknown): unknown {
  if (value instanceof Widget) return REFERENCE + value.modelId;
  return Array.isArray(value) ? value.map(toWire) : value;
}

function fromWire(value: unknown): unknown {
  if (typeof value === 'string' && value.startsWith(REFERENCE))
    return find(value.slice(REFERENCE.length)) ?? value;
  return Array.isArray(value) ? value.map(fromWire) : value;
}

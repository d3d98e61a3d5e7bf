// The notebook's variables, which are properties of the global object, and the last results.
/** How many results have a name: `_`, `__`, `___`. */
const RESULTS = ['_', '__', '___'];

const globals = globalThis as unknown as Record<string, unknown>;

export class Variables {
  /** What stood under each name before a cell declared it. */
  private readonly before = new Map<string, PropertyDescriptor | undefined>();
  private results: unknown[] = [];
  /** What was last put under the names of the results. */
  private placed = new Map<string, unknown>();

  /** To be called before the code runs: what V8 itself would make of a `var` could never be deleted. */
  declare(names: readonly string[]): void {
    for (const name of names) {
      if (this.before.has(name)) continue;
      const isResult = RESULTS.includes(name) && this.isOurs(name);
      const own = isResult ? undefined : Object.getOwnPropertyDescriptor(globalThis, name);
      this.before.set(name, own);
      const property = { value: undefined, writable: true, enumerable: true, configurable: true };
      if (!own) Object.defineProperty(globalThis, name, property);
    }
  }

  names(): string[] {
    return [...this.before.keys()];
  }

  forget(): void {
    for (const [name, own] of this.before) {
      if (own) Object.defineProperty(globalThis, name, own);
      // a function can't be deleted
      else if (!Reflect.deleteProperty(globalThis, name)) globals[name] = undefined;
    }
    this.before.clear();
    for (const name of RESULTS) if (this.isOurs(name)) Reflect.deleteProperty(globalThis, name);
    this.results = [];
    this.placed.clear();
  }

  /** Keeps a cell's result as `_`, unless the user has a `_` of his own. */
  result(value: unknown): void {
    this.results = [value, ...this.results].slice(0, RESULTS.length);
    for (const [i, result] of this.results.entries()) {
      const name = RESULTS[i];
      if (!this.isOurs(name)) continue;
      const property = { value: result, writable: true, enumerable: false, configurable: true };
      Object.defineProperty(globalThis, name, property);
      this.placed.set(name, result);
    }
  }

  private isOurs(name: string): boolean {
    if (this.before.has(name)) return false;
    return this.placed.has(name) ? Object.is(globals[name], this.placed.get(name)) : !(name in globalThis);
  }
}

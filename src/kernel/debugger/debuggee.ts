// The debugger's half on the main thread: values as a front end shows them, and the handles to look into them.
// It runs between two statements of the user's code, so it calls none of that: no getters, no proxies' traps.
import { inspect, types } from 'node:util';
import { mimeBundle, type MimeBundle } from '../display.js';
import { childrenOf, counted, type Child } from './children.js';

/** A variable in the Debug Adapter Protocol's terms. */
export interface Variable {
  name: string;
  value: string;
  type: string;
  variablesReference: number;
  evaluateName?: string;
  indexedVariables?: number;
  namedVariables?: number;
  presentationHint?: { lazy?: boolean; attributes?: string[] };
}

export interface Page {
  filter?: 'indexed' | 'named';
  start?: number;
  count?: number;
}

interface Handle {
  value: unknown;
  path: string | undefined;
}

const LONGEST = 1000;

export class Debuggee {
  private readonly handles = new Map<number, Handle>();
  private next = 1;
  /** What was global before the notebook; of what is computed on demand, only the name. */
  private readonly before = Object.getOwnPropertyDescriptors(globalThis) as PropertyDescriptorMap;

  /**
   * @param flush sends what has been printed so far
   * @param attached is told whether a debugger is attached
   */
  constructor(
    readonly flush: () => void,
    readonly attached: (debugged: boolean) => void,
  ) {}

  /** The notebook's own global variables. */
  globals(): Variable[] {
    return this.globalNames().map((name) =>
      this.describe(name, Object.getOwnPropertyDescriptor(globalThis, name)!.value, name),
    );
  }

  /** Variables of a scope, read one by one where the frame is: some have no value yet. */
  scope(readers: Record<string, () => unknown>): Variable[] {
    return Object.entries(readers).map(([name, read]) => {
      try {
        return this.describe(name, read(), name);
      } catch {
        return { name, value: '<not yet initialized>', type: '', variablesReference: 0 };
      }
    });
  }

  children(reference: number, page: Page = {}): Variable[] | null {
    const handle = this.handles.get(reference);
    if (!handle) return null;
    return childrenOf(handle.value, handle.path, page).map((child) => this.child(child));
  }

  /** A value under a name. */
  describe(name: string, value: unknown, path?: string): Variable {
    const described = {
      name,
      value: textOf(value),
      type: typeOf(value),
      ...(path ? { evaluateName: path } : {}),
    };
    const { indexed, named } = counted(value);
    if (!indexed && !named) return { ...described, variablesReference: 0 };
    return {
      ...described,
      variablesReference: this.keep(value, path),
      ...(indexed ? { indexedVariables: indexed, namedVariables: named } : {}),
    };
  }

  /** Changes a child of what a handle stands for; says what it is now. */
  change(reference: number, name: string, value: unknown): Variable | string {
    const handle = this.handles.get(reference);
    if (!handle) return 'These variables are of an earlier stop; ask for them again.';
    const children = [
      ...childrenOf(handle.value, handle.path, {}),
      ...childrenOf(handle.value, handle.path, { filter: 'indexed' }),
    ];
    const child = children.find((one) => one.name === name);
    if (!child) return `There is no ${name} here.`;
    if (!child.set) return `${name} can't be changed.`;
    try {
      child.set(value);
    } catch (error) {
      return String((error as Error).message);
    }
    return this.describe(name, value, child.path);
  }

  changeGlobal(name: string, value: unknown): Variable {
    (globalThis as Record<string, unknown>)[name] = value;
    return this.describe(name, value, name);
  }

  private globalNames(): string[] {
    return Object.entries(Object.getOwnPropertyDescriptors(globalThis)).flatMap(([name, descriptor]) => {
      if (!('value' in descriptor) || name.startsWith('$cellgrad_')) return [];
      const before = Object.hasOwn(this.before, name) ? this.before[name] : undefined;
      return before && (before.get || Object.is(before.value, descriptor.value)) ? [] : [name];
    });
  }

  /** The value as a cell's result would show it. `wait` where its own method may take its time. */
  async bundle(value: unknown, wait: boolean): Promise<MimeBundle> {
    const bundle = mimeBundle(value);
    return wait || !(bundle instanceof Promise) ? bundle : { 'text/plain': textOf(value) };
  }

  /** How often a breakpoint has been reached. */
  hit(id: number): number {
    const count = (this.hits.get(id) ?? 0) + 1;
    this.hits.set(id, count);
    return count;
  }
  private readonly hits = new Map<number, number>();

  /** A logpoint's message; a breakpoint whose condition this is never stops. */
  log(parts: unknown[]): false {
    console.log(parts.map((part) => (typeof part === 'string' ? part : textOf(part))).join(''));
    return false;
  }

  /** Lets go of every value that was looked at. */
  clear(): void {
    this.handles.clear();
  }

  private child({ name, value, path, lazy, set }: Child): Variable {
    if (lazy)
      return {
        name,
        value: '(…)',
        type: '',
        variablesReference: this.keep(lazy, path),
        presentationHint: { lazy: true },
      };
    const described = this.describe(name, value, path);
    return set ? described : { ...described, presentationHint: { attributes: ['readOnly'] } };
  }

  private keep(value: unknown, path: string | undefined): number {
    const reference = this.next++;
    this.handles.set(reference, { value, path });
    return reference;
  }
}

export function textOf(value: unknown): string {
  if (typeof value === 'function') return titleOf(value);
  try {
    const text = inspect(value, {
      depth: 1,
      maxArrayLength: 20,
      maxStringLength: LONGEST,
      breakLength: Infinity,
      compact: true,
      getters: false,
    });
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  } catch (error) {
    return `<inspection failed: ${error instanceof Error ? error.message : typeof error}>`;
  }
}

function titleOf(value: object): string {
  try {
    return inspect(value, { depth: -1 });
  } catch {
    return '[Function]';
  }
}

export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  if (types.isProxy(value)) return 'Proxy';
  const prototype = Object.getPrototypeOf(value) as object | null;
  const maker = prototype && Object.getOwnPropertyDescriptor(prototype, 'constructor');
  const name =
    typeof maker?.value === 'function' ? Object.getOwnPropertyDescriptor(maker.value, 'name') : undefined;
  return typeof name?.value === 'string' && name.value ? name.value : 'Object';
}

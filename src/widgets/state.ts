// State as messages carry it: bytes beside the JSON.

export type Json = Record<string, unknown>;
type Path = (string | number)[];

/** camelCase, as traits are named here, in ipywidgets' snake_case. */
export const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);

/** Takes the bytes out of a state, which is left as it is. */
export function splitBuffers(state: Json): { state: Json; buffer_paths: Path[]; buffers: Uint8Array[] } {
  const buffer_paths: Path[] = [];
  const buffers: Uint8Array[] = [];
  const split = (value: unknown, path: Path): unknown => {
    if (value instanceof Uint8Array) {
      buffer_paths.push(path);
      buffers.push(value);
      return undefined; // JSON drops it in an object, and makes it null in a list, as the protocol wants it
    }
    if (Array.isArray(value)) return value.map((each, i) => split(each, [...path, i]));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, split(each, [...path, key])]),
      );
    return value;
  };
  return { state: split(state, []) as Json, buffer_paths, buffers };
}

/** Puts the bytes of a message back where they were. */
export function joinBuffers(state: Json, paths: unknown, buffers: Uint8Array[]): Json {
  if (!Array.isArray(paths)) return state;
  for (const [i, path] of (paths as unknown[]).entries()) {
    if (!Array.isArray(path) || !path.length || !buffers[i]) continue;
    const keys = path.map(String);
    const last = keys.pop()!;
    let at: unknown = state;
    // a path is the front end's word: it must not lead out of the state
    for (const key of keys) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    if (isObject(at) && last !== '__proto__') at[last] = new Uint8Array(buffers[i]);
  }
  return state;
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** Whether two values of a trait are the same; widgets are only the same as themselves. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return a.length === b.length && a.every((each, i) => each === b[i]);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, i) => same(each, b[i]));
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

const isPlain = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

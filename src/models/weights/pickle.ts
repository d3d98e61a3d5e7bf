// A restricted reader of Python pickles: it knows what state dicts need, builds plain values, and can execute nothing.

import { ModelError } from '../errors.js';

/** A name that the pickle refers to, kept as a name. */
export class Global {
  constructor(readonly name: string) {}
}
/** A tensor's storage, referred to by the pickle and stored beside it. */
export interface StorageRef {
  key: string;
  type: string;
  elements: number;
}
export interface TensorRef {
  storage: StorageRef;
  offset: number;
  shape: number[];
  stride: number[];
}
export const isTensorRef = (v: unknown): v is TensorRef =>
  typeof v === 'object' && v !== null && 'storage' in v && 'stride' in v;

const refuse = (why: string): never => {
  throw new ModelError('weights', `The weights file was refused: ${why}.`);
};

const MARK = Symbol('mark');
type Fn = (args: unknown[]) => unknown;

function asInts(v: unknown): number[] {
  if (!Array.isArray(v) || !v.every((x) => Number.isSafeInteger(x) && x >= 0))
    refuse('a tensor has no sensible shape');
  return v as number[];
}
const rebuildTensor: Fn = ([storage, offset, shape, stride]) => {
  if (typeof storage !== 'object' || storage === null || !('key' in storage))
    refuse('a tensor has no storage');
  return { storage, offset: asInts([offset])[0], shape: asInts(shape), stride: asInts(stride) } as TensorRef;
};
// everything that may be called; what a state dict doesn't need isn't here
const callable: Record<string, Fn> = {
  'collections.OrderedDict': ([items]) =>
    new Map((Array.isArray(items) ? items : []).map((p: unknown) => p as [unknown, unknown])),
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_parameter': ([data]) => data,
};
const storageName = /^torch\.(Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Storage$/;

/**
 * Reads one pickle from `bytes` at `start`.
 * @returns its value (dicts as Map, tuples and lists as arrays) and where it ended
 * @throws ModelError `weights` at anything a state dict doesn't need
 */
export function unpickle(bytes: Uint8Array, start = 0): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder('utf-8', { fatal: false });
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = start;
  const need = (n: number): number => {
    if (n < 0 || at + n > bytes.length) refuse('it ends in the middle');
    at += n;
    return at - n;
  };
  const u8 = (): number => view.getUint8(need(1));
  const i32 = (): number => view.getInt32(need(4), true);
  const string = (n: number): string => text.decode(bytes.subarray(need(n), at));
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) refuse('it ends in the middle');
    const s = text.decode(bytes.subarray(at, end));
    at = end + 1;
    return s;
  };
  const pop = (): unknown => {
    if (!stack.length) refuse('its pickle is malformed');
    return stack.pop();
  };
  const popMark = (): unknown[] => {
    const i = stack.lastIndexOf(MARK);
    if (i < 0) refuse('its pickle is malformed');
    const items = stack.splice(i);
    items.shift();
    return items;
  };
  const setItems = (target: unknown, items: unknown[]): void => {
    if (!(target instanceof Map)) return refuse('its pickle sets items of something that is no dict');
    for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i], items[i + 1]);
  };
  const top = (): unknown => stack[stack.length - 1];
  const global = (module: string, name: string): Global => {
    const full = `${module}.${name}`;
    if (!(full in callable) && !storageName.test(full))
      refuse(`it wants to use ${full.slice(0, 80)}, which no state dict needs; it may try to run code`);
    return new Global(full);
  };
  const call = (fn: unknown, args: unknown): unknown => {
    if (!(fn instanceof Global) || !(fn.name in callable))
      return refuse('it wants to call something that is not allowed');
    return callable[fn.name](Array.isArray(args) ? args : []);
  };
  const long = (n: number): number => {
    const p = need(n);
    let v = 0n;
    for (let i = n - 1; i >= 0; i--) v = (v << 8n) | BigInt(bytes[p + i]);
    if (n && bytes[p + n - 1] & 0x80) v -= 1n << BigInt(8 * n);
    return Number(v);
  };

  for (;;) {
    const op = u8();
    switch (op) {
      case 0x80: // PROTO
        if (u8() > 5) refuse('its pickle protocol is unknown');
        break;
      case 0x95: // FRAME
        need(8);
        break;
      case 0x2e: // STOP
        return { value: pop(), end: at };
      case 0x28: // MARK
        stack.push(MARK);
        break;
      case 0x30: // POP
        pop();
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
        stack.push(true);
        break;
      case 0x89: // NEWFALSE
        stack.push(false);
        break;
      case 0x4b: // BININT1
        stack.push(u8());
        break;
      case 0x4d: // BININT2
        stack.push(view.getUint16(need(2), true));
        break;
      case 0x4a: // BININT
        stack.push(i32());
        break;
      case 0x8a: // LONG1
        stack.push(long(u8()));
        break;
      case 0x49: {
        // INT
        const s = line();
        stack.push(s === '00' ? false : s === '01' ? true : Number(s));
        break;
      }
      case 0x4c: // LONG
        stack.push(Number(line().replace(/L$/, '')));
        break;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(need(8), false));
        break;
      case 0x58: // BINUNICODE
        stack.push(string(view.getUint32(need(4), true)));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(string(u8()));
        break;
      case 0x55: // SHORT_BINSTRING
        stack.push(string(u8()));
        break;
      case 0x54: // BINSTRING
        stack.push(string(i32()));
        break;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        break;
      case 0x74: // TUPLE
      case 0x6c: // LIST
        stack.push(popMark());
        break;
      case 0x85: // TUPLE1
        stack.push([pop()]);
        break;
      case 0x86: {
        // TUPLE2
        const b = pop();
        stack.push([pop(), b]);
        break;
      }
      case 0x87: {
        // TUPLE3
        const c = pop();
        const b = pop();
        stack.push([pop(), b, c]);
        break;
      }
      case 0x64: {
        // DICT
        const m = new Map();
        setItems(m, popMark());
        stack.push(m);
        break;
      }
      case 0x73: {
        // SETITEM
        const v = pop();
        const k = pop();
        setItems(top(), [k, v]);
        break;
      }
      case 0x75: {
        // SETITEMS
        const items = popMark();
        setItems(top(), items);
        break;
      }
      case 0x61: {
        // APPEND
        const v = pop();
        const t = top();
        if (!Array.isArray(t)) refuse('its pickle appends to something that is no list');
        (t as unknown[]).push(v);
        break;
      }
      case 0x65: {
        // APPENDS
        const items = popMark();
        const t = top();
        if (!Array.isArray(t)) refuse('its pickle appends to something that is no list');
        for (const v of items) (t as unknown[]).push(v);
        break;
      }
      case 0x71: // BINPUT
        memo.set(u8(), top());
        break;
      case 0x72: // LONG_BINPUT
        memo.set(view.getUint32(need(4), true), top());
        break;
      case 0x94: // MEMOIZE
        memo.set(memo.size, top());
        break;
      case 0x70: // PUT
        memo.set(Number(line()), top());
        break;
      case 0x68: // BINGET
      case 0x6a: // LONG_BINGET
      case 0x67: {
        // GET
        const i = op === 0x68 ? u8() : op === 0x6a ? view.getUint32(need(4), true) : Number(line());
        if (!memo.has(i)) refuse('its pickle is malformed');
        stack.push(memo.get(i));
        break;
      }
      case 0x63: // GLOBAL
        stack.push(global(line(), line()));
        break;
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        stack.push(global(String(pop()), String(name)));
        break;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = pop();
        stack.push(call(pop(), args));
        break;
      }
      case 0x62: {
        // BUILD: attributes of an OrderedDict (state dict metadata); nothing is kept
        pop();
        if (!(top() instanceof Map)) refuse('it sets attributes of something that is no dict');
        break;
      }
      case 0x51: {
        // BINPERSID: a storage
        const id = pop();
        const [kind, type, key, , elements] = Array.isArray(id) ? id : [];
        if (
          kind !== 'storage' ||
          !(type instanceof Global) ||
          !storageName.test(type.name) ||
          typeof elements !== 'number'
        )
          refuse('it refers to something that is no tensor storage');
        stack.push({ key: String(key), type: (type as Global).name.slice(6, -7), elements } as StorageRef);
        break;
      }
      default:
        refuse(`its pickle uses an instruction (0x${op.toString(16)}) that no state dict needs`);
    }
    if (stack.length > 1_000_000) refuse('its pickle is malformed');
  }
}

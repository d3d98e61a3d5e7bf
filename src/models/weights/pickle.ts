// A restricted reader of Python pickles: it knows what state dicts need, builds plain values, and can execute nothing.

import { call, global, Inert, storage } from './pickle-globals.js';
import { Refused, refuse } from './refuse.js';

/** The bytes end before the pickle does. */
export class UnexpectedEnd extends Refused {
  constructor() {
    super('it ends in the middle');
  }
}

const MARK = Symbol('mark');
/** Containers, tensors, memorised values, values at a time: a state dict of thousands of tensors needs far fewer. */
const MOST = 1_000_000;

/**
 * Reads one pickle from `bytes` at `start`.
 * @returns its value (dicts as Map, tuples and lists as arrays) and where it ended
 * @throws Refused at anything a state dict doesn't need; UnexpectedEnd
 */
export function unpickle(bytes: Uint8Array, start = 0): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder('utf-8', { fatal: false });
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = start;
  const need = (n: number): number => {
    if (n < 0 || at + n > bytes.length) throw new UnexpectedEnd();
    at += n;
    return at - n;
  };
  const u8 = (): number => view.getUint8(need(1));
  const i32 = (): number => view.getInt32(need(4), true);
  const string = (n: number): string => text.decode(bytes.subarray(need(n), at));
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new UnexpectedEnd();
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
    if (items.length % 2) refuse('its pickle is malformed');
    for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i], items[i + 1]);
  };
  const top = (): unknown => stack[stack.length - 1];
  let made = 0;
  /** Puts something on the stack that takes memory of its own. */
  const push = (v: unknown): void => {
    if (++made > MOST) refuse('its pickle builds more than any state dict holds');
    stack.push(v);
  };
  const remember = (key: number): void => {
    if (!stack.length) refuse('its pickle is malformed');
    if (memo.size > MOST) refuse('its pickle builds more than any state dict holds');
    memo.set(key, top());
  };
  const append = (items: unknown[]): void => {
    const list = top();
    // a set is filled as a list is
    if (!Array.isArray(list) && !(list instanceof Inert))
      return refuse('its pickle appends to something that is no list');
    if (Array.isArray(list)) for (const v of items) list.push(v);
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
        push(new Map());
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        push([]);
        break;
      case 0x74: // TUPLE
      case 0x6c: // LIST
        push(popMark());
        break;
      case 0x85: // TUPLE1
        push([pop()]);
        break;
      case 0x86: {
        // TUPLE2
        const b = pop();
        push([pop(), b]);
        break;
      }
      case 0x87: {
        // TUPLE3
        const c = pop();
        const b = pop();
        push([pop(), b, c]);
        break;
      }
      case 0x64: {
        // DICT
        const m = new Map();
        setItems(m, popMark());
        push(m);
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
        append([v]);
        break;
      }
      case 0x65: {
        // APPENDS
        append(popMark());
        break;
      }
      case 0x71: // BINPUT
        remember(u8());
        break;
      case 0x72: // LONG_BINPUT
        remember(view.getUint32(need(4), true));
        break;
      case 0x94: // MEMOIZE
        remember(memo.size);
        break;
      case 0x70: // PUT
        remember(Number(line()));
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
        push(global(line(), line()));
        break;
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        push(global(pop(), name));
        break;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = pop();
        push(call(pop(), args));
        break;
      }
      case 0x62: {
        // BUILD: attributes of an OrderedDict (state dict metadata) or of what is inert; nothing is kept
        pop();
        if (!(top() instanceof Map || top() instanceof Inert))
          refuse('it sets attributes of something that is no dict');
        break;
      }
      case 0x51: // BINPERSID
        push(storage(pop()));
        break;
      case 0x8f: // EMPTY_SET
        push(new Inert());
        break;
      case 0x91: // FROZENSET
        popMark();
        push(new Inert());
        break;
      case 0x90: // ADDITEMS, to a set
        popMark();
        break;
      case 0x42: // BINBYTES, in what is inert
        push(bytes.subarray(need(view.getUint32(need(4), true)), at));
        break;
      case 0x43: // SHORT_BINBYTES
        push(bytes.subarray(need(u8()), at));
        break;
      default:
        refuse(`its pickle uses an instruction (0x${op.toString(16)}) that no state dict needs`);
    }
    if (stack.length > MOST) refuse('its pickle builds more than any state dict holds');
  }
}

// Pickles and PyTorch files put together by hand: what torch.save writes, and what an attacker would.

import { zip } from './zip.js';

const text = (s: string): Buffer => {
  const bytes = Buffer.from(s);
  return Buffer.concat([Buffer.from('X'), uint32(bytes.length), bytes]);
};
const uint32 = (n: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n);
  return b;
};
const int = (n: number): Buffer => Buffer.concat([Buffer.from('J'), uint32(n)]);
const global = (name: string): Buffer => {
  const dot = name.lastIndexOf('.');
  return Buffer.from(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`);
};
const op = (s: string): Buffer => Buffer.from(s, 'latin1');
const tuple = (...items: Buffer[]): Buffer => Buffer.concat([op('('), ...items, op('t')]);

export interface Tensor {
  shape: number[];
  values: Float32Array;
  stride?: number[];
  /** Of a storage that another tensor has. */
  key?: string;
  offset?: number;
  /** Elements that the pickle claims. */
  elements?: number;
}
/** Of bytes: what Python pickles, between its protocol and its end. */
export type Dict = { [name: string]: Tensor | Dict | number | Uint8Array };
const isTensor = (v: Tensor | Dict): v is Tensor => v.values instanceof Float32Array;

const dense = (shape: number[]): number[] =>
  shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));

function dict(of: Dict, members: Record<string, Uint8Array>): Buffer {
  const items = Object.entries(of).flatMap(([name, v]) => {
    if (typeof v === 'number') return [text(name), int(v)];
    if (v instanceof Uint8Array) return [text(name), v];
    if (!isTensor(v)) return [text(name), dict(v, members)];
    const key = v.key ?? String(Object.keys(members).length);
    members[`archive/data/${key}`] = new Uint8Array(
      v.values.buffer,
      v.values.byteOffset,
      v.values.byteLength,
    );
    const id = tuple(
      text('storage'),
      global('torch.FloatStorage'),
      text(key),
      text('cpu'),
      int(v.elements ?? v.values.length),
    );
    const storage = Buffer.concat([id, op('Q')]);
    const sizes = tuple(...v.shape.map(int));
    const strides = tuple(...(v.stride ?? dense(v.shape)).map(int));
    const args = tuple(storage, int(v.offset ?? 0), sizes, strides, op('\x89'), op('}'));
    return [text(name), global('torch._utils._rebuild_tensor_v2'), args, op('R')];
  });
  return Buffer.concat([op('}('), ...items, op('u')]);
}

/** A file as torch.save writes it. */
export function torchFile(of: Dict): Buffer {
  const members: Record<string, Uint8Array> = {};
  const pickle = Buffer.concat([op('\x80\x02'), dict(of, members), op('.')]);
  return torchZip(pickle, members);
}

/** A zip file around any pickle. */
export const torchZip = (pickle: Uint8Array, members: Record<string, Uint8Array> = {}): Buffer =>
  zip({ 'archive/data.pkl': pickle, ...members });

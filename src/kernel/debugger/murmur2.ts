// MurmurHash2 (Austin Appleby, public domain), 32 bits, of a text's UTF-8 bytes: how a debugger's front end and
// the kernel agree on the name of a cell's code.
import { Buffer } from 'node:buffer';

const M = 0x5bd1e995;

export function murmur2(text: string, seed: number): number {
  const bytes = Buffer.from(text, 'utf8');
  let hash = seed ^ bytes.length;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    let k = Math.imul(bytes.readInt32LE(at), M);
    k = Math.imul(k ^ (k >>> 24), M);
    hash = Math.imul(hash, M) ^ k;
  }
  if (at < bytes.length) {
    for (let shift = 0; at + shift < bytes.length; shift++) hash ^= bytes[at + shift] << (8 * shift);
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return (hash ^ (hash >>> 15)) >>> 0;
}

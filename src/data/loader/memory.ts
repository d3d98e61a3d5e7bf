// Shared memory of batches, used again and again: the garbage collector doesn't see how much of it there is, and would let it grow.

export interface Memory {
  x: SharedArrayBuffer;
  mask?: SharedArrayBuffer;
}

const free = new Map<string, Memory[]>();
/** Memories of a size that are kept when nobody uses them. */
const most = 8;

const key = (bytes: number, maskBytes: number): string => `${bytes}/${maskBytes}`;

export function take(bytes: number, maskBytes: number): Memory {
  return (
    free.get(key(bytes, maskBytes))?.pop() ?? {
      x: new SharedArrayBuffer(bytes),
      ...(maskBytes > 0 ? { mask: new SharedArrayBuffer(maskBytes) } : {}),
    }
  );
}

export function giveBack(memory: Memory): void {
  const name = key(memory.x.byteLength, memory.mask?.byteLength ?? 0);
  const list = free.get(name) ?? [];
  if (list.length < most) list.push(memory);
  free.delete(name); // the sizes last used are kept
  free.set(name, list);
  for (const old of free.keys()) if (free.size > 2) free.delete(old);
}

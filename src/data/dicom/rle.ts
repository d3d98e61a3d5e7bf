// DICOM's run-length coding: PS3.5 annex G, a segment a byte of each sample, packed as PackBits does.

/** Unpacks `length` bytes a segment, interleaved so that the first segment holds the highest byte of each little-endian sample. */
export function unpackRle(
  packed: Uint8Array,
  length: number,
  samples: number,
  bytesEach: number,
): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const count = view.getUint32(0, true);
  if (count !== samples * bytesEach)
    throw new Error(`it has ${count} segments, where ${samples * bytesEach} are needed`);
  const out = new Uint8Array(length * samples * bytesEach);
  const step = samples * bytesEach;
  for (let segment = 0; segment < count; segment++) {
    const from = view.getUint32(4 + 4 * segment, true);
    const to = segment + 1 < count ? view.getUint32(8 + 4 * segment, true) : packed.length;
    if (from < 64 || from >= to || to > packed.length)
      throw new Error(`segment ${segment + 1} lies outside the data`);
    const sample = Math.floor(segment / bytesEach);
    const byte = bytesEach - 1 - (segment % bytesEach);
    unpackBits(packed.subarray(from, to), out, sample * bytesEach + byte, step, length);
  }
  return out;
}

function unpackBits(packed: Uint8Array, out: Uint8Array, first: number, step: number, length: number): void {
  let at = 0;
  let to = first;
  const end = first + length * step;
  while (to < end && at < packed.length) {
    const n = packed[at++];
    if (n < 128) for (let i = 0; i <= n && to < end; i++, to += step) out[to] = packed[at++];
    else if (n > 128) {
      const value = packed[at++];
      for (let i = 0; i <= 256 - n && to < end; i++, to += step) out[to] = value;
    }
  }
  if (to < end) throw new Error('a segment ends too early');
}

// A volume small enough for a page: voxels averaged, as many on a side as are asked for at most.

export interface Box3 {
  data: Float32Array;
  shape: readonly [number, number, number];
  spacing: readonly [number, number, number];
  /** What it was shrunk from. */
  whole: readonly [number, number, number];
}

/** Means of whole voxels ('mean'), or their greatest ('most', for masks). */
export function shrink(
  data: ArrayLike<number>,
  shape: readonly [number, number, number],
  spacing: readonly [number, number, number],
  size: number,
  how: 'mean' | 'most' = 'mean',
): Box3 {
  const to = shape.map((n) => Math.min(n, size)) as [number, number, number];
  const out = new Float32Array(to[0] * to[1] * to[2]).fill(how === 'most' ? -Infinity : 0);
  const place = shape.map((n, axis) =>
    Int32Array.from({ length: n }, (_, i) => Math.floor((i * to[axis]) / n)),
  );
  const counts = place.map((list, axis) => {
    const count = new Int32Array(to[axis]);
    for (const p of list) count[p]++;
    return count;
  });
  let at = 0;
  for (let z = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++) {
      const row = (place[0][z] * to[1] + place[1][y]) * to[2];
      for (let x = 0; x < shape[2]; x++, at++) {
        const cell = row + place[2][x];
        if (how === 'mean') out[cell] += data[at];
        else if (data[at] > out[cell]) out[cell] = data[at];
      }
    }
  if (how === 'mean') {
    let i = 0;
    for (let z = 0; z < to[0]; z++)
      for (let y = 0; y < to[1]; y++)
        for (let x = 0; x < to[2]; x++, i++) out[i] /= counts[0][z] * counts[1][y] * counts[2][x];
  }
  return {
    data: out,
    shape: to,
    spacing: spacing.map((mm, i) => (mm * shape[i]) / to[i]) as [number, number, number],
    whole: shape,
  };
}

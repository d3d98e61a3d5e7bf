// A process of its own that tries native code, since what is broken there ends a process: it prints a line of JSON after each step.

/** A step of the probe as it is printed; `error` where it failed. */
export type ProbeStep =
  | { step: 'koffi' | 'sharp'; version?: string; error?: string }
  | { step: 'compute'; tensorflow?: string; seconds?: number; error?: string };

const say = (step: ProbeStep): boolean => process.stdout.write(JSON.stringify(step) + '\n');

const loads: Record<'koffi' | 'sharp', () => Promise<string | undefined>> = {
  koffi: async () => (await import('koffi')).default.version,
  sharp: async () => (await import('sharp')).default.versions.sharp,
};

// x is [1,5,5,2] of i mod 5 − 2, w is [3,3,2,3] of i mod 7 − 3, stride 2, padding 1; all sums are small whole numbers, exact in float32
const known = {
  y: [4, 7, -4, -16, 5, 5, 4, -6, -2, -3, 12, -1, -10, -3, 4, 8, -7, -1, -8, 9, -2, -2, -2, 5, 9, -8, -4],
  dx: { first: [-2, -2, 2, 148, 30, -146, 14, -60, -20, 68], squares: 311952 },
  dw: { first: [-34, 30, 10, -24, -10, 18, 30, -134, 38, 138], squares: 229944 },
};

async function compute(): Promise<ProbeStep> {
  const start = performance.now();
  const { tf, ops, binding } = await import('../index.js');
  tf.tidy(() => {
    const count = (n: number, mod: number): number[] =>
      Array.from({ length: n }, (_, i) => (i % mod) - (mod >> 1));
    const x = tf.tensor4d(count(50, 5), [1, 5, 5, 2]);
    const w = tf.tensor4d(count(54, 7), [3, 3, 2, 3]);
    const y = ops.conv2d(x, w, { stride: 2, pad: 1 });
    const [dx, dw] = tf.grads((x, w) =>
      tf.sum(tf.square(ops.conv2d(x as typeof y, w as typeof y, { stride: 2, pad: 1 }))),
    )([x, w]);
    const same = (what: string, got: ArrayLike<number>, want: number[]): void => {
      const wrong = want.findIndex((v, i) => got[i] !== v);
      if (wrong >= 0)
        throw new Error(`${what} of a small convolution has ${got[wrong]} where ${want[wrong]} is right`);
    };
    const squares = (t: typeof dx): ArrayLike<number> => tf.sum(tf.square(t)).dataSync();
    same('the output', y.dataSync(), known.y);
    same('the gradient of the input', dx.dataSync(), known.dx.first);
    same('the gradient of the input, squared,', squares(dx), [known.dx.squares]);
    same('the gradient of the filter', dw.dataSync(), known.dw.first);
    same('the gradient of the filter, squared,', squares(dw), [known.dw.squares]);
  });
  return { step: 'compute', tensorflow: binding?.TF_Version, seconds: (performance.now() - start) / 1000 };
}

const [, , ...asked] = process.argv;
for (const [name, load] of Object.entries(loads) as Array<[keyof typeof loads, (typeof loads)['koffi']]>)
  try {
    say({ step: name, version: await load() });
  } catch (error) {
    say({ step: name, error: (error as Error).message });
  }
if (asked.includes('compute'))
  try {
    say(await compute());
  } catch (error) {
    say({ step: 'compute', error: (error as Error).message });
  }

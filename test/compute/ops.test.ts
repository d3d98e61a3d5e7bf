// Values and gradients of ops beside formulas in JavaScript's double precision, differentiated by differences.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type * as tfjs from '@tensorflow/tfjs';
import { compile, ops, tf } from '../../src/compute/index.js';

type T4 = tfjs.Tensor4D;
type Op = (...inputs: tfjs.Tensor[]) => tfjs.Tensor;
type Formula = (...inputs: Float64Array[]) => ArrayLike<number>;

function noise(shape: number[], seed: number): tfjs.Tensor {
  return tf.randomNormal(shape as [number], 0, 1, 'float32', seed);
}
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** Simpson's rule over the bell. */
function normal(x: number): number {
  const end = Math.min(Math.abs(x), 12);
  const n = 4000;
  let sum = 0;
  for (let i = 0; i <= n; i++)
    sum += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.exp(-0.5 * ((end * i) / n) ** 2);
  return 0.5 + (Math.sign(x) * ((sum * end) / n / 3)) / Math.sqrt(2 * Math.PI);
}

const activations: Record<string, [op: Op, formula: (x: number) => number, native?: string]> = {
  relu: [(x) => tf.relu(x), (x) => Math.max(x, 0), 'ReluGrad'],
  relu6: [(x) => tf.relu6(x), (x) => Math.min(Math.max(x, 0), 6), 'Relu6Grad'],
  'leaky relu': [(x) => tf.leakyRelu(x, 0.1), (x) => (x > 0 ? x : 0.1 * x), 'LeakyReluGrad'],
  elu: [(x) => tf.elu(x), (x) => (x > 0 ? x : Math.expm1(x)), 'EluGrad'],
  selu: [
    (x) => tf.selu(x),
    (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    'SeluGrad',
  ],
  sigmoid: [(x) => tf.sigmoid(x), sigmoid, 'SigmoidGrad'],
  tanh: [(x) => tf.tanh(x), Math.tanh, 'TanhGrad'],
  softplus: [
    (x) => tf.softplus(x),
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    'SoftplusGrad',
  ],
  swish: [ops.swish, (x) => x * sigmoid(x)],
  gelu: [(x) => ops.gelu(x), (x) => x * normal(x)],
  'gelu by tanh': [
    (x) => ops.gelu(x, { approximate: true }),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  'hard-sigmoid': [ops.hardSigmoid, (x) => Math.min(Math.max(x + 3, 0), 6) / 6],
  'hard-swish': [ops.hardSwish, (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6, 'Relu6Grad'],
};
/** Nothing at a kink; the gradient there is one of the two beside it. */
const points = [
  -1e4, -100, -30, -8, -3.5, -2.5, -1, -0.1, -1e-3, 1e-3, 0.1, 1, 2.5, 3.5, 5.5, 8, 30, 100, 1e4,
];

function close(got: tfjs.Tensor, wanted: ArrayLike<number>, label: string, tolerance = 2e-6): void {
  const values = got.dataSync();
  assert.equal(values.length, wanted.length, label);
  for (let i = 0; i < wanted.length; i++)
    assert.ok(
      Math.abs(values[i] - wanted[i]) <= tolerance * Math.max(1, Math.abs(wanted[i])),
      `${label} [${i}]: ${values[i]}, not ${wanted[i]}`,
    );
}

/** The gradients of Σ dy · formula. */
function differences(formula: Formula, inputs: Float64Array[], dy: ArrayLike<number>): Float64Array[] {
  const total = (): number => Array.from(formula(...inputs)).reduce((a, v, i) => a + v * dy[i], 0);
  return inputs.map((input) =>
    input.map((v, i) => {
      const h = 1e-5 * Math.max(1, Math.abs(v));
      const at = (v: number): number => ((input[i] = v), total());
      const slope = (at(v + h) - at(v - h)) / (2 * h);
      input[i] = v;
      return slope;
    }),
  );
}

/** Checks an op's values and gradients as it is and as a compiled step. */
function check(label: string, op: Op, inputs: tfjs.Tensor[], formula: Formula, tolerance = 1e-5): void {
  tf.tidy(() => {
    const doubles = inputs.map((t) => Float64Array.from(t.dataSync()));
    const wanted = formula(...doubles);
    const dy = tf.reshape(noise([wanted.length], 99), op(...inputs).shape);
    const gradients = differences(formula, doubles, dy.dataSync());
    const all = (...t: tfjs.Tensor[]): tfjs.Tensor[] => [op(...t), ...tf.grads(op)(t, dy)];
    const step = compile(all, { prepared: true, onEager: (why) => assert.fail(why) });
    for (const [how, got] of [
      ['', all(...inputs)],
      [' compiled', step.run(inputs)],
    ] as const) {
      close(got[0], wanted, label + how, tolerance);
      gradients.forEach((g, i) => close(got[i + 1], g, `${label}${how}, gradient ${i}`, tolerance));
    }
    step.dispose();
  });
}

/** Names of the TensorFlow ops that some work runs. */
function opsOf(work: () => void): string[] {
  const backend = tf.backend() as unknown as Record<'executeSingleOutput', (op: string) => unknown>;
  const run = backend.executeSingleOutput;
  const names: string[] = [];
  backend.executeSingleOutput = function (...args) {
    names.push(args[0]);
    return run.apply(this, args);
  };
  try {
    work();
  } finally {
    backend.executeSingleOutput = run;
  }
  return names;
}

describe('ops', () => {
  let tensors: number;
  beforeEach(() => (tensors = tf.memory().numTensors));
  afterEach(() => assert.equal(tf.memory().numTensors, tensors, 'tensors are left'));

  for (const [name, [op, formula, native]] of Object.entries(activations)) {
    const each: Formula = (x) => x.map(formula);
    it(`${name}: value and gradient`, () => {
      tf.tidy(() => check(name, op, [tf.tensor1d(points)], each));
    });
    it(`${name}: NaN stays NaN, 0 has a finite gradient`, () => {
      tf.tidy(() => {
        const x = tf.tensor1d([NaN, 0]);
        const step = compile((x) => [op(x), tf.grad(op)(x)], { prepared: true });
        for (const [y, g] of [[op(x), tf.grad(op)(x)], step.run([x])]) {
          assert.ok(Number.isNaN(y.dataSync()[0]) && Math.abs(y.dataSync()[1] - formula(0)) < 1e-6);
          assert.ok(Number.isFinite(g.dataSync()[1]));
        }
        step.dispose();
      });
    });
    it(`${name}: on tfjs's own backend`, async () => {
      const before = tf.getBackend();
      await tf.setBackend('cpu');
      try {
        tf.tidy(() => check(name, op, [tf.tensor1d(points)], each));
      } finally {
        await tf.setBackend(before);
      }
    });
    it(`${name}: a gradient of its gradient`, () => {
      tf.tidy(() => {
        // of x² · f(x), where a part that is lost is no error
        const f = (x: tfjs.Tensor): tfjs.Tensor => tf.mul(tf.square(x), op(x));
        const slope = tf.grad(f);
        const second: Op = (x) => tf.grad((x) => slope(x))(x);
        const x = points.filter((v) => Math.abs(v) < 10);
        const h = 1e-3;
        const g = (v: number): number => v * v * formula(v);
        const wanted = x.map((v) => (g(v + h) - 2 * g(v) + g(v - h)) / (h * h));
        close(second(tf.tensor1d(x)), wanted, name, 5e-3);
      });
    });
    if (native)
      it(`${name}: its gradient is TensorFlow's ${native}`, () => {
        tf.tidy(() => {
          const x = tf.tensor1d(points);
          assert.ok(opsOf(() => tf.grad(op)(x)).includes(native));
        });
      });
  }

  it('selu has the slope on the left at 0, as tfjs and PyTorch have it', () => {
    const [left, right] = [1.7580993408473768, 1.0507009873554805];
    tf.tidy(() =>
      close(tf.grad((x) => tf.selu(x))(tf.tensor1d([0, -1e-30, 1e-30])), [left, left, right], 'slopes'),
    );
  });

  it('hard-swish is flat at -3 and has the slope 1 from 3 on', () => {
    tf.tidy(() => close(tf.grad(ops.hardSwish)(tf.tensor1d([-3, 3])), [0, 1], 'slopes'));
  });

  it('sigmoid gate: one number for each channel of each sample', () => {
    const [n, pixels, channels] = [2, 12, 3];
    const gated: Formula = (x, g) =>
      x.map((v, i) => v * sigmoid(g[Math.floor(i / (pixels * channels)) * channels + (i % channels)]));
    tf.tidy(() => {
      const inputs = [noise([n, 4, 3, channels], 1), noise([n, 1, 1, channels], 2)];
      check('gate', ops.sigmoidGate, inputs, gated);
      check('saturated gate', ops.sigmoidGate, [inputs[0], tf.mul(inputs[1], 100)], gated);
    });
  });

  it('layer norm: over the last axis, in two to four dimensions', () => {
    const channels = 6;
    const norm =
      (epsilon: number): Formula =>
      (x, gamma, beta) =>
        x.map((v, i) => {
          const at = i - (i % channels);
          const row = x.subarray(at, at + channels);
          const mean = row.reduce((a, b) => a + b) / channels;
          const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / channels;
          return ((v - mean) / Math.sqrt(variance + epsilon)) * gamma[i % channels] + beta[i % channels];
        });
    tf.tidy(() => {
      const [gamma, beta] = [noise([channels], 1), noise([channels], 2)];
      for (const shape of [
        [5, channels],
        [2, 3, channels],
        [2, 3, 2, channels],
      ]) {
        const x = noise(shape, 3);
        check(`${shape}`, (x, g, b) => ops.layerNorm(x, g, b), [x, gamma, beta], norm(1e-5), 3e-5);
        const far = tf.add(tf.mul(x, 3), 50);
        check(
          `${shape}, far`,
          (x, g, b) => ops.layerNorm(x, g, b, 1e-2),
          [far, gamma, beta],
          norm(1e-2),
          3e-4,
        );
      }
      const flat = ops.layerNorm(tf.fill([2, channels], 7), gamma, beta);
      close(flat, [...beta.dataSync(), ...beta.dataSync()], 'without variance');
    });
  });

  it('global average: of each channel of each sample', () => {
    const mean: Formula = (x) =>
      Array.from({ length: 6 }, (_, i) =>
        Array.from({ length: 20 }, (_, p) => x[(Math.floor(i / 3) * 20 + p) * 3 + (i % 3)] / 20).reduce(
          (a, b) => a + b,
        ),
      );
    tf.tidy(() => {
      const x = noise([2, 5, 4, 3], 1);
      for (const keep of [false, true])
        check(`keep ${keep}`, (x) => ops.globalAveragePool(x as T4, { keep }), [x], mean);
    });
  });

  it('average pooling: PyTorch counts its padding unless told otherwise', () => {
    const [height, width] = [7, 6];
    const shape = (size: number, stride: number, pad: number): number[] =>
      [height, width].map((n) => Math.floor((n + 2 * pad - size) / stride) + 1);
    const pool =
      (size: number, stride: number, pad: number, all: boolean): Formula =>
      (x) => {
        const [rows, columns] = shape(size, stride, pad);
        return Array.from({ length: 2 * rows * columns }, (_, i) => {
          const [n, r, c] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
          let sum = 0;
          let count = 0;
          for (let y = r * stride - pad; y < r * stride - pad + size; y++)
            for (let z = c * stride - pad; z < c * stride - pad + size; z++) {
              if (y < 0 || z < 0 || y >= height || z >= width) continue;
              sum += x[(n * height + y) * width + z];
              count++;
            }
          return sum / (all ? size * size : count);
        });
      };
    tf.tidy(() => {
      const x = noise([2, height, width, 1], 1);
      for (const [size, stride, pad] of [
        [2, 2, 0],
        [3, 2, 1],
        [3, 1, 1],
      ])
        for (const countPadding of [undefined, true, false])
          check(
            `${size}, ${stride}, ${pad}, ${countPadding}`,
            (x) => ops.averagePool(x as T4, { size, stride, pad, countPadding }),
            [x],
            pool(size, stride, pad, countPadding !== false),
          );
      const same = ops.averagePool(x as T4, { size: 2, stride: 2, pad: 'same' });
      assert.deepEqual(same.shape, [2, 4, 3, 1]);
      const corner = tf.slice(x, [0, height - 1, 0, 0], [1, 1, 2, 1]);
      close(tf.slice(same, [0, 3, 0, 0], [1, 1, 1, 1]), tf.mean(corner).dataSync(), 'same counts no padding');
    });
  });
});

describe('a grouped convolution', () => {
  /** A convolution for each group. */
  const split =
    (groups: number, options: ops.ConvOptions): Op =>
    (x, w) => {
      const ws = tf.split(w, groups, 3) as T4[];
      const parts = tf.split(x, groups, 3) as T4[];
      return tf.concat(
        parts.map((part, i) => ops.conv2d(part, ws[i], options)),
        3,
      );
    };
  const cases: Array<[groups: number, size: number, filters: number, options: ops.ConvOptions]> = [
    [4, 3, 16, { pad: 1 }],
    [4, 3, 32, { pad: 1, stride: 2 }],
    [2, 5, 8, { pad: [1, 2, 0, 2] }],
    [8, 3, 16, { pad: 'same', stride: 2 }],
    [4, 1, 16, {}],
    [4, 1, 8, { stride: 2 }],
    [2, 3, 16, { pad: 2, dilation: 2 }],
  ];
  for (const [groups, size, filters, options] of cases)
    it(`${JSON.stringify({ groups, size, filters, ...options })}: as one for each group`, () => {
      tf.tidy(() => {
        const x = noise([2, 9, 8, 16], 1);
        const w = noise([size, size, 16 / groups, filters], 2);
        const whole: Op = (x, w) => ops.conv2d(x as T4, w as T4, { groups, ...options });
        const apart = split(groups, options);
        const dy = noise(whole(x, w).shape, 3);
        const all =
          (op: Op) =>
          (x: tfjs.Tensor, w: tfjs.Tensor): tfjs.Tensor[] => [op(x, w), ...tf.grads(op)([x, w], dy)];
        const step = compile(all(whole), { prepared: true, onEager: (why) => assert.fail(why) });
        const wanted = all(apart)(x, w);
        for (const got of [all(whole)(x, w), step.run([x, w])])
          wanted.forEach((t, i) => close(got[i], t.dataSync(), `${i}`, 2e-5));
        step.dispose();
      });
    });

  for (const multiplier of [1, 2])
    for (const options of [{ pad: 2, dilation: 2 }, { dilation: 3 }, { pad: 1, stride: 2 }])
      it(`depthwise, ${JSON.stringify({ multiplier, ...options })}: as one for each channel`, () => {
        tf.tidy(() => {
          const x = noise([2, 9, 8, 6], 1);
          const w = noise([3, 3, 6, multiplier], 2);
          const whole: Op = (x, w) => ops.depthwiseConv2d(x as T4, w as T4, options);
          const apart: Op = (x, w) => split(6, options)(x, tf.reshape(w, [3, 3, 1, 6 * multiplier]));
          const dy = noise(whole(x, w).shape, 3);
          const all = (op: Op): tfjs.Tensor[] => [op(x, w), ...tf.grads(op)([x, w], dy)];
          const wanted = all(apart);
          all(whole).forEach((t, i) => close(t, wanted[i].dataSync(), `${i}`, 2e-5));
        });
      });

  it('is one op on this processor, with oneDNN, and a convolution for each group without', function () {
    this.timeout(60_000);
    const child = fileURLToPath(new URL('../support/ops-values.js', import.meta.url));
    const values = (oneDnn: string): number[][] => {
      const env = { ...process.env, TF_ENABLE_ONEDNN_OPTS: oneDnn };
      const out = execFileSync(process.execPath, [child], { env, encoding: 'utf8' });
      return (JSON.parse(out) as Record<string, number[][]>)['conv, 2 groups'];
    };
    const [on, off] = [values('1'), values('0')];
    on.forEach((v, i) => v.forEach((x, j) => assert.ok(Math.abs(x - off[i][j]) < 1e-5)));
    if (process.platform !== 'linux' || process.arch !== 'x64' || process.env.TF_ENABLE_ONEDNN_OPTS !== '1')
      return;
    const names = opsOf(() =>
      tf.tidy(() => {
        const convolve: Op = (x, w) => ops.conv2d(x as T4, w as T4, { groups: 4, pad: 1 });
        tf.grads(convolve)([noise([1, 4, 4, 8], 1), noise([3, 3, 2, 8], 2)]);
      }),
    );
    for (const op of ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'])
      assert.equal(names.filter((n) => n === op).length, 1, op);
  });
});

describe('gradients of gradients', () => {
  it('of a network: a penalty on the slope over its input, as critics of GANs have it', () => {
    tf.tidy(() => {
      const x = noise([2, 6, 6, 3], 1) as T4;
      const w = tf.mul(noise([3, 3, 3, 4], 2), 0.3) as T4;
      const bias = noise([4], 3);
      const network = (x: tfjs.Tensor, w: tfjs.Tensor): tfjs.Tensor =>
        tf.sum(ops.swish(tf.tanh(ops.biasAdd(ops.conv2d(x as T4, w as T4, { pad: 1 }), bias))));
      const penalty = (w: tfjs.Tensor): tfjs.Tensor => tf.sum(tf.square(tf.grad((x) => network(x, w))(x)));
      const gradient = tf.grad(penalty)(w);
      const at = (i: number, h: number): number => {
        const moved = w.dataSync().slice();
        moved[i] += h;
        return penalty(tf.tensor4d(moved as Float32Array, w.shape)).dataSync()[0];
      };
      for (const i of [0, 17, 60, 107]) {
        const wanted = (at(i, 5e-3) - at(i, -5e-3)) / 1e-2;
        const got = gradient.dataSync()[i];
        assert.ok(Math.abs(got - wanted) < 1e-2 * Math.max(1, Math.abs(wanted)), `${i}: ${got}, ${wanted}`);
      }
    });
  });
});

// What a compiled step has to do with things outside of it: each step here is compared with the same one run op by op.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { binding, compile, optimizer, tf, type CompileOptions } from '../../src/compute/index.js';

const values = (t: tfjs.Tensor): number[] => {
  const v = [...t.dataSync()];
  t.dispose();
  return v;
};

const variable = (...v: number[]): tfjs.Variable => tf.tidy(() => tf.variable(tf.tensor1d(v)));

describe('a compiled step and what is outside of it', () => {
  let tensors: number;
  let handles: number;
  let why: string[];
  const steps: ReturnType<typeof compile>[] = [];
  const compiled = (
    step: Parameters<typeof compile>[0],
    options: CompileOptions = {},
  ): ReturnType<typeof compile> => {
    const made = compile(step, { prepared: true, onEager: (reason) => why.push(reason), ...options });
    steps.push(made);
    return made;
  };
  beforeEach(() => {
    why = [];
    tensors = tf.memory().numTensors;
    handles = binding!.getNumOfTensors();
  });
  afterEach(() => {
    for (const step of steps.splice(0)) step.dispose();
    assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
    assert.ok(binding!.getNumOfTensors() <= handles, 'handles are left');
  });

  it('one tensor in two places, and then two', () => {
    const step = compiled((a, b) => [tf.sub(a, b)]);
    const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([5, 7])];
    assert.deepEqual(values(step.run([a, a])[0]), [0, 0]);
    assert.deepEqual(values(step.run([a, b])[0]), [-4, -5]);
    assert.equal(step.functions, 1);
    tf.dispose([a, b]);
  });

  it('a copy of a variable as input, and then another tensor', () => {
    const w = variable(2, 3);
    const step = compiled((x) => [tf.mul(x, w)]);
    const copy = w.clone();
    assert.deepEqual(values(step.run([copy])[0]), [4, 9]);
    const x = tf.tensor1d([10, 10]);
    assert.deepEqual(values(step.run([x])[0]), [20, 30]);
    tf.dispose([w, copy, x]);
  });

  it('variables as inputs, which it assigns', () => {
    const [a, b] = [variable(1), variable(5)];
    const step = compiled((v) => {
      (v as tfjs.Variable).assign(tf.mul(v, 2));
      return [v];
    });
    assert.deepEqual(values(step.run([a])[0]), [2]);
    assert.deepEqual(values(step.run([b])[0]), [10]);
    assert.deepEqual(values(step.run([a])[0]), [4]);
    assert.deepEqual([...a.dataSync(), ...b.dataSync()], [4, 10]);
    assert.equal(step.functions, 2);
    tf.dispose([a, b]);
  });

  it('a copy of a variable from before, which stays as it was', () => {
    const w = variable(2, 3);
    const start = w.clone();
    const step = compiled((x) => {
      w.assign(tf.add(w, x));
      return [tf.sub(w, start)];
    });
    const x = tf.scalar(1);
    for (const n of [1, 2, 3]) assert.deepEqual(values(step.run([x])[0]), [n, n]);
    tf.dispose([w, start, x]);
  });

  it('a variable made of another one, which an optimizer changes', () => {
    const w = variable(2, 3);
    const frozen = tf.variable(w);
    const o = optimizer('sgd', { learningRate: 1 });
    const step = compiled((gradient, ...scalars) => {
      o.apply([w], [gradient], scalars as tfjs.Scalar[]);
      return [tf.sub(frozen, w)];
    });
    const gradient = tf.tensor1d([1, 1]);
    for (const n of [1, 2, 3]) {
      const scalars = o.begin();
      assert.deepEqual(values(step.run([gradient, ...scalars])[0]), [n, n]);
      tf.dispose(scalars);
    }
    o.dispose();
    tf.dispose([w, frozen, gradient]);
  });

  it('within a function that is differentiated: its gradient counts', () => {
    const step = compiled((x) => [tf.square(x)]);
    const x = tf.tensor1d([3]);
    values(step.run([x])[0]);
    const slope = tf.grad((x) => tf.add(tf.mul(x, 2), step.run([x])[0]));
    assert.deepEqual(values(slope(x)), [8]);
    x.dispose();
  });

  for (const eager of [true, false])
    it(`inputs, variables and tensors from outside as results: they stay the caller’s${eager ? ', op by op too' : ''}`, () => {
      const w = variable(2);
      const outside = tf.tensor1d([7]);
      const step = compiled((x) => [x, w, outside, outside], { eager });
      const x = tf.tensor1d([1]);
      for (let i = 0; i < 3; i++)
        assert.deepEqual(
          step.run([x]).map((t) => values(t)[0]),
          [1, 2, 7, 7],
        );
      assert.deepEqual(
        [x, w, outside].map((t) => t.dataSync()[0]),
        [1, 2, 7],
      );
      assert.deepEqual(why, []);
      tf.dispose([x, w, outside]);
    });

  it('a value that an optimizer is to change, as it was before', () => {
    const w = variable(2);
    const o = optimizer('sgd', { learningRate: 1 });
    const step = compiled((gradient, ...scalars) => {
      const before = w.clone();
      o.apply([w], [gradient], scalars as tfjs.Scalar[]);
      return [before];
    });
    const gradient = tf.tensor1d([1]);
    const seen = [1, 2, 3].map(() => {
      const scalars = o.begin();
      const [before] = step.run([gradient, ...scalars]);
      tf.dispose(scalars);
      return values(before)[0];
    });
    assert.deepEqual(seen, [2, 1, 0]);
    assert.deepEqual(why, []);
    o.dispose();
    tf.dispose([w, gradient]);
  });

  it('disposes of its input: the caller still has it', () => {
    const step = compiled((x) => {
      const y = tf.mul(x, 2);
      x.dispose();
      return [y];
    });
    const x = tf.tensor1d([3]);
    for (let i = 0; i < 3; i++) assert.deepEqual(values(step.run([x])[0]), [6]);
    x.dispose();
  });

  for (const used of [true, false])
    it(`a tensor from outside that another one replaces${used ? '' : ', never used before'}`, () => {
      let factor: tfjs.Tensor = tf.scalar(2);
      if (used) tf.dispose(tf.add(factor, 1));
      const step = compiled((x) => [tf.mul(x, factor)]);
      const x = tf.tensor1d([3]);
      for (let i = 0; i < 2; i++) assert.deepEqual(values(step.run([x])[0]), [6]);
      factor.dispose();
      assert.throws(() => step.run([x]), { code: 'disposed' });
      factor = tf.scalar(5);
      for (let i = 0; i < 2; i++) assert.deepEqual(values(step.run([x])[0]), [15]);
      assert.equal(step.functions, 1);
      tf.dispose([factor, x]);
    });

  it('a variable that is disposed of', () => {
    const w = variable(2);
    const step = compiled((x) => [tf.mul(x, w)]);
    const x = tf.tensor1d([3]);
    assert.deepEqual(values(step.run([x])[0]), [6]);
    w.dispose();
    assert.throws(() => step.run([x]), { code: 'disposed' });
    x.dispose();
  });

  it('tf.train.sgd with another learning rate', () => {
    const w = variable(1);
    const sgd = tf.train.sgd(0.25);
    const step = compiled(() => {
      sgd.minimize(() => tf.sum(w) as tfjs.Scalar, false, [w]);
      return [];
    });
    for (let i = 0; i < 3; i++) step.run([]);
    assert.deepEqual([...w.dataSync()], [0.25]);
    sgd.setLearningRate(0.5);
    step.run([]);
    assert.deepEqual([...w.dataSync()], [-0.25]);
    sgd.dispose();
    w.dispose();
  });

  it('keeps a tensor for later: it runs as it is, and says so', () => {
    let kept: tfjs.Tensor | undefined;
    const step = compiled((x) => {
      kept?.dispose();
      kept = tf.keep(tf.mul(x, 2));
      return [tf.add(kept, 1)];
    });
    for (const n of [1, 2, 3]) {
      const x = tf.scalar(n);
      assert.deepEqual(values(step.run([x])[0]), [2 * n + 1]);
      assert.deepEqual([...kept!.dataSync()], [2 * n]);
      x.dispose();
    }
    assert.deepEqual(why, ['it keeps a tensor that it makes (tf.keep); return it instead']);
    kept!.dispose();
  });

  for (const eager of [true, false])
    it(`keeps a result, as it must within a gradient: nothing is left${eager ? ', op by op too' : ''}`, () => {
      const w = variable(2, 3);
      const step = compiled(
        (x) => {
          let inner!: tfjs.Tensor;
          const { value, grads } = tf.variableGrads(() => {
            inner = tf.keep(tf.mul(w, x));
            return tf.sum(inner) as tfjs.Scalar;
          }, [w]);
          return [value, inner, grads[w.name]];
        },
        { eager },
      );
      for (const n of [1, 2]) {
        const x = tf.scalar(n);
        assert.deepEqual(step.run([x]).map(values), [[5 * n], [2 * n, 3 * n], [n, n]]);
        x.dispose();
      }
      assert.deepEqual(why, []);
      w.dispose();
    });

  it('makes a variable: prepared it is refused, else it runs as it is', () => {
    const w = variable(1);
    const train = (prepared: boolean): number[] => {
      const adagrad = tf.train.adagrad(0.5, 1.25);
      const step = compiled(
        (x) => [adagrad.minimize(() => tf.sum(tf.mul(w, x)) as tfjs.Scalar, true, [w])!],
        { prepared },
      );
      const x = tf.scalar(1);
      try {
        return [1, 2, 3].map(() => values(step.run([x])[0])[0]);
      } finally {
        adagrad.dispose();
        x.dispose();
      }
    };
    assert.throws(() => train(true), /makes variables \(.*leave out `prepared`/);
    assert.deepEqual([...w.dataSync()], [1]);
    // the sums of squares are 2.25 and 3.25 after the first two steps
    const losses = [1, 1 - 0.5 / Math.sqrt(2.25), 1 - 0.5 / Math.sqrt(2.25) - 0.5 / Math.sqrt(3.25)];
    train(false).forEach((v, i) => assert.ok(Math.abs(v - losses[i]) < 1e-6, `${i}: ${v}`));
    const each = compiled(
      (x) => {
        const v = tf.variable(x);
        return [tf.mul(v, 2)];
      },
      { prepared: false },
    );
    const before = Object.keys(tf.engine().registeredVariables);
    const x = tf.scalar(4);
    for (let i = 0; i < 3; i++) assert.deepEqual(values(each.run([x])[0]), [8]);
    assert.match(why.join(), /^it makes variables \(\w+\)$/);
    x.dispose();
    const left = Object.entries(tf.engine().registeredVariables).filter(([name]) => !before.includes(name));
    assert.equal(left.length, 3);
    tf.dispose([w, ...left.map(([, v]) => v)]);
  });

  it('what is no list of tensors is named', () => {
    const x = tf.scalar(1);
    const step = compile((x) => [x]);
    assert.throws(() => step.run(x as never), /takes a list of tensors; this is Tensor/);
    assert.throws(() => step.run([x, 3 as never]), /takes a list of tensors; number 2 is 3\./);
    for (const result of [x, [x, 1], undefined])
      for (const prepared of [false, true])
        assert.throws(() => compile(() => result as never, { prepared }).run([x]), /gives a list of tensors/);
    x.dispose();
  });
});

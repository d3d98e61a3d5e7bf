// Optimisers as single TensorFlow ops on resource variables, with PyTorch's update rules.

import type * as tfjs from '@tensorflow/tfjs';
import { attr } from './attributes.js';
import { shapes, shown } from './resources.js';
import { tf } from './tfjs.js';
import { nodeBackend, type NodeBackend } from './backend.js';
import type { OpAttr } from './binding.js';

export interface OptimizerOptions {
  learningRate: number;
  /** Decoupled from the gradient (AdamW) for `adamw`; added to the gradient for the others. */
  weightDecay?: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  momentum?: number;
  /** Nesterov's momentum, for `sgd`. */
  nesterov?: boolean;
}
export type OptimizerName = 'adam' | 'adamw' | 'sgd';

/** Changes variables by their gradients. */
export interface Optimizer {
  learningRate: number;
  /**
   * PyTorch's `add_param_group`: these variables learn with `rate` times the learning rate, and count their steps from now
   * on. Variables of no group have a rate of 1.
   */
  addGroup(variables: tfjs.Variable[], options?: { rate?: number }): void;
  /** Begins a step: what `apply` needs beside the gradients and changes from step to step. The caller disposes it. */
  begin(): tfjs.Scalar[];
  /**
   * One step; `gradients` are in the order of `variables` and stay the caller's, as do the scalars of `begin`.
   * @param finite whether to change anything at all; where it is false, gradients may be no numbers
   */
  apply(
    variables: tfjs.Variable[],
    gradients: tfjs.Tensor[],
    scalars: tfjs.Scalar[],
    finite?: tfjs.Scalar,
  ): void;
  /** The step that was begun last changed nothing and doesn't count. */
  undo(): void;
  dispose(): void;
}

/** Variables that learn at a rate of their own, or from a later step on; the first group has all others. */
class Groups {
  readonly all = [{ rate: 1, start: 0 }];
  private readonly places = new Map<number, number>();

  add(variables: tfjs.Variable[], rate: number, start: number): void {
    for (const v of variables) this.places.set(v.id, this.all.length);
    this.all.push({ rate, start });
  }
  place(v: tfjs.Variable): number {
    return this.places.get(v.id) ?? 0;
  }
}

interface Slot {
  /** Resource variables: the weight and its moments. */
  weight: number;
  moments: number[];
}

const { type, bool: flag } = attr;

/** Makes an optimiser by name; on other backends than TensorFlow the same rule in tfjs ops. */
export function optimizer(name: OptimizerName, options: OptimizerOptions): Optimizer {
  return tf.getBackend() === 'tensorflow' ? new Native(name, options) : new Composed(name, options);
}

const defaults = { weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentum: 0, nesterov: false };

class Native implements Optimizer {
  learningRate: number;
  private readonly o: Required<OptimizerOptions>;
  private readonly slots = new Map<number, Slot>();
  private readonly groups = new Groups();
  private step = 0;

  constructor(
    private readonly name: OptimizerName,
    options: OptimizerOptions,
  ) {
    this.o = { ...defaults, ...options };
    this.learningRate = options.learningRate;
  }

  private get backend(): NodeBackend {
    return nodeBackend();
  }
  private op(name: string, attrs: OpAttr[], inputs: number[], outputs = 0): number {
    return this.backend.binding.executeOp(name, attrs, inputs, outputs)[0]?.id;
  }
  private resource(shape: number[], value: number): number {
    const h = this.op(
      'VarHandleOp',
      [
        type('dtype', 1),
        attr.shape('shape', shape),
        attr.text('shared_name', `cellgrad_${process.pid}_${uid++}`),
        attr.text('container', ''),
      ],
      [],
      1,
    );
    this.op('AssignVariableOp', [type('dtype', 1)], [h, value]);
    shapes.set(h, shape);
    return h;
  }

  /** A variable's resources, made at the first step; they outlive a step that is traced. */
  private slot(v: tfjs.Variable): Slot {
    return this.backend.binding.untraced(() => this.prepared(v));
  }
  private prepared(v: tfjs.Variable): Slot {
    const [now] = this.backend.getInputTensorIds([v]);
    let slot = this.slots.get(v.id);
    if (!slot) {
      const zero = tf.zeros(v.shape);
      const [z] = this.backend.getInputTensorIds([zero]);
      const count = this.name === 'sgd' ? Number(this.o.momentum > 0) : 2;
      slot = {
        weight: this.resource(v.shape, now),
        moments: Array.from({ length: count }, () => this.resource(v.shape, z)),
      };
      shown.set(slot.weight, now);
      zero.dispose();
      this.slots.set(v.id, slot);
    } else if (shown.get(slot.weight) !== now)
      this.op('AssignVariableOp', [type('dtype', 1)], [slot.weight, now]);
    return slot;
  }

  addGroup(variables: tfjs.Variable[], { rate = 1 }: { rate?: number } = {}): void {
    this.groups.add(variables, rate, this.step);
  }

  begin(): tfjs.Scalar[] {
    this.step++;
    const { beta1, beta2, epsilon, momentum, weightDecay } = this.o;
    return this.groups.all.flatMap(({ rate, start }) => {
      const learningRate = rate * this.learningRate;
      const b2 = beta2 ** (this.step - start);
      const shrink = 1 - learningRate * weightDecay;
      // TensorFlow adds epsilon before the correction of the second moment, PyTorch after it
      const adam = [
        beta1 ** (this.step - start),
        b2,
        learningRate,
        beta1,
        beta2,
        epsilon * Math.sqrt(1 - b2),
        shrink,
      ];
      return (this.name === 'sgd' ? [learningRate, momentum] : adam).map((v) => tf.scalar(v));
    });
  }

  undo(): void {
    this.step--;
  }

  apply(
    variables: tfjs.Variable[],
    gradients: tfjs.Tensor[],
    given: tfjs.Scalar[],
    finite?: tfjs.Scalar,
  ): void {
    const { momentum, weightDecay } = this.o;
    tf.tidy(() => {
      const still = this.name === 'sgd' ? stillSgd : stillAdam;
      const scalars = finite
        ? given.map((s, i) => {
            const value = still[i % still.length];
            return value === undefined ? s : tf.where(finite, s, value);
          })
        : given;
      const all = this.backend.getInputTensorIds(scalars);
      variables.forEach((v, i) => {
        const slot = this.slot(v);
        const first = this.groups.place(v) * still.length;
        const ids = all.slice(first, first + 6);
        let g = gradients[i];
        if (weightDecay && this.name !== 'adamw') g = tf.add(g, tf.mul(v, weightDecay));
        if (finite) g = tf.where(finite, g, 0);
        const [grad] = this.backend.getInputTensorIds([g]);
        if (weightDecay && this.name === 'adamw') {
          const shrunk = tf.mul(v, scalars[first + 6]);
          this.op(
            'AssignVariableOp',
            [type('dtype', 1)],
            [slot.weight, this.backend.getInputTensorIds([shrunk])[0]],
          );
        }
        // the variable lets go of its value first: a value held twice would be copied by the update
        const data = this.backend.tensorMap.get(v.dataId);
        const alone = data.refCount === 1;
        if (alone) this.backend.binding.deleteTensor(data.id);
        if (this.name === 'sgd') {
          if (momentum)
            this.op(
              'ResourceApplyMomentum',
              [type('T', 1), flag('use_locking', false), flag('use_nesterov', this.o.nesterov)],
              [slot.weight, slot.moments[0], ids[0], grad, ids[1]],
            );
          else
            this.op(
              'ResourceApplyGradientDescent',
              [type('T', 1), flag('use_locking', false)],
              [slot.weight, ids[0], grad],
            );
        } else
          this.op(
            'ResourceApplyAdam',
            [type('T', 1), flag('use_locking', false), flag('use_nesterov', false)],
            [slot.weight, ...slot.moments, ...ids, grad],
          );
        const [now] = this.backend.binding.executeOp('ReadVariableOp', [type('dtype', 1)], [slot.weight], 1);
        shown.set(slot.weight, now.id);
        if (alone) data.id = now.id;
        else v.assign(this.backend.createOutputTensor(now)); // another tensor shares the old value
      });
    });
  }

  dispose(): void {
    for (const { weight, moments } of this.slots.values()) {
      shown.delete(weight);
      for (const h of [weight, ...moments]) {
        this.op('DestroyResourceOp', [flag('ignore_lookup_error', true)], [h]);
        this.backend.binding.deleteTensor(h);
        shapes.delete(h);
      }
    }
    this.slots.clear();
  }
}
let uid = 0;

/** What `begin` gives, in its order, in a step without gradients that changes nothing: moments keep their value, the rate is 0. */
const stillSgd = [0, 1];
const stillAdam = [undefined, undefined, 0, 1, 1, undefined, 1];

class Composed implements Optimizer {
  learningRate: number;
  private readonly o: Required<OptimizerOptions>;
  private readonly moments = new Map<number, tfjs.Variable[]>();
  private readonly groups = new Groups();
  private step = 0;
  constructor(
    private readonly name: OptimizerName,
    options: OptimizerOptions,
  ) {
    this.o = { ...defaults, ...options };
    this.learningRate = options.learningRate;
  }
  addGroup(variables: tfjs.Variable[], { rate = 1 }: { rate?: number } = {}): void {
    this.groups.add(variables, rate, this.step);
  }
  begin(): tfjs.Scalar[] {
    this.step++;
    return [];
  }
  undo(): void {
    this.step--;
  }
  apply(variables: tfjs.Variable[], gradients: tfjs.Tensor[]): void {
    const { beta1, beta2, epsilon, momentum, weightDecay } = this.o;
    variables.forEach((v, i) => {
      const group = this.groups.all[this.groups.place(v)];
      const lr = group.rate * this.learningRate;
      const step = this.step - group.start;
      let m = this.moments.get(v.id);
      if (!m) {
        const make = (): tfjs.Variable => tf.tidy(() => tf.variable(tf.zeros(v.shape), false));
        this.moments.set(v.id, (m = [make(), make()]));
      }
      const [first, second] = m;
      tf.tidy(() => {
        let g = gradients[i];
        if (weightDecay && this.name !== 'adamw') g = tf.add(g, tf.mul(v, weightDecay));
        if (this.name === 'sgd') {
          first.assign(tf.add(tf.mul(first, momentum), g));
          const by = this.o.nesterov ? tf.add(g, tf.mul(first, momentum)) : first;
          return v.assign(tf.sub(v, tf.mul(by, lr)));
        }
        if (weightDecay && this.name === 'adamw') v.assign(tf.mul(v, 1 - lr * weightDecay));
        first.assign(tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1)));
        second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2)));
        const rate = lr / (1 - beta1 ** step);
        const root = tf.div(tf.sqrt(second), Math.sqrt(1 - beta2 ** step));
        v.assign(tf.sub(v, tf.mul(rate, tf.div(first, tf.add(root, epsilon)))));
      });
    });
  }
  dispose(): void {
    for (const m of this.moments.values()) tf.dispose(m);
    this.moments.clear();
  }
}

// A traced step as TensorFlow runs it: where a function's inputs come from, and where its results go.

import type * as tfjs from '@tensorflow/tfjs';
import { runningCell } from '../cell.js';
import { attr, FLOAT } from './attributes.js';
import { nodeBackend, type NodeBackend, type TensorData } from './backend.js';
import type { Binding, OpAttr } from './binding.js';
import { shown } from './resources.js';
import { tf } from './tfjs.js';

/** A variable that the step changes. */
export interface Changed {
  variable: tfjs.Variable;
  /** The resource that holds it (an optimiser's), where there is one. */
  resource?: number;
}
/** An input by its place, or a variable or tensor from outside. */
export type Source = { input: number } | { variable: tfjs.Variable } | { held: number };

const FLOATS = attr.type('dtype', FLOAT);

export class Played {
  /**
   * @param name of the function
   * @param attrs of a call
   * @param results how many the step has; what it changes comes after them
   */
  constructor(
    readonly name: string,
    private readonly attrs: OpAttr[],
    private readonly sources: Source[],
    private readonly changed: Changed[],
    private readonly results: number,
  ) {}

  private get backend(): NodeBackend {
    return nodeBackend();
  }

  /** Whether all is still there that the function takes from outside. */
  isThere(): boolean {
    const { binding } = this.backend;
    const there = (s: Source): boolean =>
      'held' in s ? binding.has(s.held) : 'input' in s || !s.variable.isDisposed;
    return this.sources.every(there) && this.changed.every(there);
  }

  /** Runs the function. An interrupt of the notebook's cell takes effect after it: on the way, variables have no values. */
  run(given: number[]): tfjs.Tensor[] {
    const cell = runningCell();
    const release = cell?.cooperate();
    let results: tfjs.Tensor[];
    try {
      results = this.call(given);
    } finally {
      release?.();
    }
    if (cell?.signal.aborted) {
      tf.dispose(results);
      cell.signal.throwIfAborted();
    }
    return results;
  }

  private call(given: number[]): tfjs.Tensor[] {
    const { backend } = this;
    const { binding } = backend;
    const data = (v: tfjs.Variable): TensorData => backend.tensorMap.get(v.dataId);
    for (const { variable, resource } of this.changed) {
      if (resource === undefined) continue;
      const [now] = backend.getInputTensorIds([variable]);
      if (now !== shown.get(resource)) binding.executeOp('AssignVariableOp', [FLOATS], [resource, now], 0);
      // the variable lets go of its value: one that is held twice would be copied by the update
      if (data(variable).refCount === 1) binding.deleteTensor(now);
    }
    let out: ReturnType<Binding['executeOp']>;
    try {
      const inputs = this.sources.map((s) =>
        'held' in s ? s.held : 'input' in s ? given[s.input] : backend.getInputTensorIds([s.variable])[0],
      );
      out = binding.executeOp(this.name, this.attrs, inputs, this.results + this.changed.length);
    } catch (error) {
      this.restore();
      throw error;
    }
    this.changed.forEach((c, i) => {
      const made = out[this.results + i];
      const info = data(c.variable);
      if (info.refCount === 1) {
        if (c.resource === undefined) binding.deleteTensor(info.id);
        info.id = made.id;
      } else {
        // another tensor shares the old value
        const t = backend.createOutputTensor(made);
        c.variable.assign(t);
        t.dispose();
      }
      if (c.resource !== undefined) shown.set(c.resource, made.id);
    });
    return out.slice(0, this.results).map((m) => backend.createOutputTensor(m));
  }

  /** Gives variables their values back after a call that failed. */
  private restore(): void {
    for (const { variable, resource } of this.changed) {
      const info = this.backend.tensorMap.get(variable.dataId);
      if (resource === undefined || info.refCount !== 1) continue;
      const [{ id }] = this.backend.binding.executeOp('ReadVariableOp', [FLOATS], [resource], 1);
      info.id = id;
      shown.set(resource, id);
    }
  }
}

// Gives back the parameters of networks that nothing names any more, as when a notebook's cell that creates one is
// executed again: JavaScript's collector sees the object go, but not the tensors in TensorFlow.

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';

const owner = Symbol('cellgrad.owner');
let living = 0;
let collect: (() => void) | undefined;

const registry = new FinalizationRegistry<tfjs.Variable[]>((variables) => {
  living--;
  tf.dispose(variables.filter((v) => !v.isDisposed));
});

/** From now on the net's parameters are freed when `keeper`, the net and its layers are all out of reach. */
export function watch(keeper: object, net: tfjs.LayersModel): void {
  unwatch(keeper);
  living++;
  // whoever holds a part of the net holds its keeper
  for (const part of [net, ...net.layers])
    Object.defineProperty(part, owner, { value: keeper, configurable: true });
  const variables = net.weights.map((w) => (w as unknown as { val: tfjs.Variable }).val);
  registry.register(keeper, variables, keeper);
}

/** Its parameters are freed by someone else. */
export function unwatch(keeper: object): void {
  if (registry.unregister(keeper)) living--;
}

/** Looks for networks that are out of reach and frees them; does nothing where there is no other network. */
export async function freeForgotten(): Promise<void> {
  if (!living) return;
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  // tfjs keeps the order of the layers of the last networks that it ran, and with it the networks
  const kept = 'TOPOLOGICAL_SORT_CACHE_MAX_ENTRIES';
  const entries = tf.env().getNumber(kept);
  tf.env().set(kept, 0);
  tf.env().set(kept, entries);
  collect();
  // each registry of the process is told in a later task of its own
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

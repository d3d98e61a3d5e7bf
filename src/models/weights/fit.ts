// Which tensors of a file become which parameters of a model: everything that does not fit is found before anything changes.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../../compute/index.js';
import { MisfitError, type Misfits } from '../errors.js';
import type { Parameter } from '../layers.js';
import type { WeightsFile } from './stored.js';

type Layout = WeightsFile['layout'];

/** What a model says of itself here. */
export interface Target {
  name: string;
  head: string;
  parameters(): Map<string, Parameter>;
  isUnused(name: string): boolean;
}

export interface FitOptions {
  /** `false` takes the tensors that fit and leaves the others. Default: true, all or none. */
  strict?: boolean;
  /** `false` leaves the classifying layer as it is, whatever the file holds for it. Default: true. */
  head?: boolean;
  /**
   * Takes the tensors by their position, for files with another library's names: only where as many are there and the shapes
   * agree one by one. Default: false, by name.
   */
  order?: boolean;
}

export interface Fit {
  take: Array<[parameter: Parameter, from: string]>;
  left: Misfits;
}

/** A parameter's shape in a layout. */
const shapeIn = (layout: Layout, p: Parameter): number[] =>
  layout === 'torch' ? p.shape : (p.variable.shape as number[]);
const same = (a: number[], b: number[]): boolean => a.join() === b.join();

/**
 * @param tensors of the file, in its order
 * @throws MisfitError with every missing, unexpected and wrongly shaped name; also without `strict` where nothing fits
 */
export function fit(
  model: Target,
  tensors: Map<string, { shape: number[] }>,
  layout: Layout,
  { strict = true, head = true, order = false }: FitOptions,
): Fit {
  const own = [...model.parameters()];
  const given = [...tensors].filter(([name]) => !model.isUnused(name));
  const inHead = (name: string): boolean => !head && name.startsWith(`${model.head}.`);
  const agree =
    own.length === given.length &&
    own.every(([name, p], i) => inHead(name) || same(given[i][1].shape, shapeIn(layout, p)));
  if (order && !agree) throw byPosition(model, own, given, layout);
  const sources = new Map(order ? own.map(([name], i) => [name, given[i]]) : given.map((t) => [t[0], t]));
  const left: Misfits = { missing: [], unexpected: [], misshapen: [] };
  const take: Fit['take'] = [];
  for (const [name, p] of own) {
    const source = sources.get(name);
    sources.delete(name);
    if (inHead(name)) continue;
    const wanted = shapeIn(layout, p);
    if (!source) left.missing.push(name);
    else if (same(source[1].shape, wanted)) take.push([p, source[0]]);
    else left.misshapen.push({ name, shape: source[1].shape, wanted });
  }
  left.unexpected.push(...sources.keys());
  const fits = Object.values(left).every((list) => !list.length);
  if ((strict && !fits) || !take.length) {
    const hint = !take.length && agree ? 'order' : onlyHead(model, left) ? 'head' : undefined;
    throw new MisfitError(model.name, left, hint);
  }
  return { take, left };
}

/** Whether another head is all that does not fit. */
const onlyHead = ({ head }: Target, { missing, unexpected, misshapen }: Misfits): boolean =>
  !unexpected.length && [...missing, ...misshapen.map((m) => m.name)].every((n) => n.startsWith(`${head}.`));

function byPosition(
  model: Target,
  own: Array<[string, Parameter]>,
  given: Array<[string, { shape: number[] }]>,
  layout: Layout,
): MisfitError {
  const left: Misfits = {
    missing: own.slice(given.length).map(([name]) => name),
    unexpected: given.slice(own.length).map(([name]) => name),
    misshapen: own.slice(0, given.length).flatMap(([name, p], i) => {
      const [from, { shape }] = given[i];
      const wanted = shapeIn(layout, p);
      return same(shape, wanted) ? [] : [{ name: `${name} (from ${from})`, shape, wanted }];
    }),
  };
  return new MisfitError(model.name, left);
}

/** Values of a file as the tensor of a parameter's variable. */
export function toVariable(p: Parameter, values: Float32Array, layout: Layout): tfjs.Tensor {
  const shape = p.variable.shape as number[];
  const turned = layout === 'torch' && p.fromTorch;
  // values may lie in memory that is used again, and a tensor that is not computed with keeps them where they are
  if (!turned) return tf.tensor(values.slice(), shape, 'float32');
  return tf.tidy(() => tf.reshape(tf.transpose(tf.tensor(values, p.shape, 'float32'), turned), shape));
}

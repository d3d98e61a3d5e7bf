// Which tensors of a file become which parameters of a model: everything that does not fit is found before anything changes.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../../compute/index.js';
import { adaptation, type Adaptation, type Adapted } from '../adapt.js';
import { MisfitError, ModelError, type Misfits, type Remedy } from '../errors.js';
import type { Parameter } from '../layers.js';
import type { WeightsFile } from './stored.js';

type Layout = WeightsFile['layout'];

/** What a model says of itself here. */
export interface Target extends Adapted {
  name: string;
  headPart: string;
  parameters(): Map<string, Parameter>;
  isUnused(name: string): boolean;
}

export interface FitOptions {
  /** `false` takes the tensors that fit and leaves the others. Default: true, all or none. */
  strict?: boolean;
  /** `false` leaves the head as it is, whatever the file holds for it. Default: true. */
  head?: boolean;
  /**
   * Takes the tensors by their position, for files with another library's names: only where as many are there and the shapes
   * agree one by one. Not for safetensors from PyTorch, which are sorted by name. Default: false, by name.
   */
  order?: boolean;
  /**
   * Makes the first convolution fit another number of channels (summed for one, as timm does, else repeated and scaled) and
   * position embeddings fit another size (interpolated, as torchvision does), as `create` does with published weights.
   * Default: false, they are refused.
   */
  adapt?: boolean;
}

/** What becomes of a parameter. */
interface Taken {
  parameter: Parameter;
  /** The tensor's name. */
  from: string;
  change?: Adaptation;
}

export interface Fit {
  take: Taken[];
  left: Misfits;
}

/** A parameter's shape in a layout. */
const shapeIn = (layout: Layout, p: Parameter): number[] =>
  layout === 'torch' ? p.shape : (p.variable.shape as number[]);
const same = (a: number[], b: number[]): boolean => a.join() === b.join();

const partOf = (name: string): string | undefined =>
  /(?:^|\.)(weight|bias|running_mean|running_var)$/.exec(name)?.[1];
/** Whether two names are of different parts of a layer. */
function apart(a: string, b: string): boolean {
  const [one, two] = [partOf(a), partOf(b)];
  return one !== undefined && two !== undefined && one !== two;
}

/**
 * @param tensors of the file, in its order
 * @throws MisfitError with every missing, unexpected and wrongly shaped name, also without `strict` where nothing fits; ModelError
 * `weights` where a file that is sorted by name was to be taken by position
 */
export function fit(
  model: Target,
  tensors: Map<string, { shape: number[] }>,
  layout: Layout,
  { strict = true, head = true, order = false, adapt = false }: FitOptions,
): Fit {
  const own = [...model.parameters()];
  const given = [...tensors].filter(([name]) => !model.isUnused(name));
  const inHead = (name: string): boolean => !head && isHeads(model, name);
  /** How a tensor becomes the parameter of this name; undefined where it does not fit. */
  const match: Match = (name, { shape }, wanted) => {
    if (same(shape, wanted)) return {};
    const change = adapt ? adaptation(model, name, { shape, wanted, layout }) : undefined;
    return change && { change };
  };
  const agree =
    own.length === given.length &&
    own.every(([name, p], i) => inHead(name) || match(name, given[i][1], shapeIn(layout, p)));
  const mixed = own.length === given.length ? own.findIndex(([name], i) => apart(name, given[i][0])) : -1;
  if (order && mixed >= 0)
    throw new ModelError(
      'weights',
      `The weights do not fit ${model.name} by position: ${own[mixed][0]} would be ${given[mixed][0]}. The file sorts its tensors by name, as safetensors from PyTorch do; map gives them the network's names.`,
    );
  if (order && !agree) throw byPosition(model, own, given, layout, match);
  const sources = new Map(order ? own.map(([name], i) => [name, given[i]]) : given.map((t) => [t[0], t]));
  const left: Misfits = { missing: [], unexpected: [], misshapen: [] };
  const take: Taken[] = [];
  for (const [name, parameter] of own) {
    const source = sources.get(name);
    sources.delete(name);
    if (inHead(name)) continue;
    const wanted = shapeIn(layout, parameter);
    const found = source && match(name, source[1], wanted);
    if (found) take.push({ parameter, from: source[0], ...found });
    else if (source) left.misshapen.push({ name, shape: source[1].shape, wanted });
    else left.missing.push(name);
  }
  left.unexpected.push(...[...sources.keys()].filter((name) => !inHead(name)));
  const fits = Object.values(left).every((list) => !list.length);
  const byOrder = !take.length && agree && mixed < 0;
  if ((strict && !fits) || !take.length)
    throw new MisfitError(model.name, left, byOrder ? 'order' : remedy(model, left, layout));
  return { take, left };
}

type Match = (
  name: string,
  tensor: { shape: number[] },
  wanted: number[],
) => Pick<Taken, 'change'> | undefined;

const isHeads = ({ headPart }: Target, name: string): boolean => name.startsWith(`${headPart}.`);

/** The options that would take what does not fit, where they are all it needs. */
function remedy(model: Target, left: Misfits, layout: Layout): Remedy | undefined {
  const rest = left.misshapen.filter((m) => !adaptation(model, m.name, { ...m, layout }));
  const adapts = rest.length < left.misshapen.length;
  const names = [...left.missing, ...rest.map((m) => m.name)];
  names.push(...left.unexpected);
  if (!names.every((name) => isHeads(model, name))) return undefined;
  if (names.length) return adapts ? 'both' : 'head';
  return adapts ? 'adapt' : undefined;
}

function byPosition(
  model: Target,
  own: Array<[string, Parameter]>,
  given: Array<[string, { shape: number[] }]>,
  layout: Layout,
  match: Match,
): MisfitError {
  const left: Misfits = {
    missing: own.slice(given.length).map(([name]) => name),
    unexpected: given.slice(own.length).map(([name]) => name),
    misshapen: own.slice(0, given.length).flatMap(([name, p], i) => {
      const wanted = shapeIn(layout, p);
      return match(name, given[i][1], wanted) ? [] : [{ name, shape: given[i][1].shape, wanted }];
    }),
  };
  const hint = own.length === given.length ? remedy(model, left, layout) : undefined;
  const from = new Map(own.map(([name], i) => [name, given[i]?.[0]]));
  for (const m of left.misshapen) m.name += ` (from ${from.get(m.name)})`;
  return new MisfitError(model.name, left, hint);
}

/** Values of a file as the tensor of a parameter's variable. */
export function toVariable(p: Parameter, values: Float32Array, layout: Layout): tfjs.Tensor {
  const shape = p.variable.shape as number[];
  const turned = layout === 'torch' && p.fromTorch;
  // values may lie in memory that is used again, and a tensor that is not computed with keeps them where they are
  if (!turned) return tf.tensor(values.slice(), shape, 'float32');
  return tf.tidy(() => tf.reshape(tf.transpose(tf.tensor(values, p.shape, 'float32'), turned), shape));
}

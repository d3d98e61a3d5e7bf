// Whether architectures equal PyTorch's: files of ../shared/fixtures/zoo's format, each a network filled with weights by a rule.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../../src/compute/index.js';
import { create, type Classifier, type InputBatch, type StateDict } from '../../src/models/index.js';
import { seedFor } from '../../src/models/init.js';
import { random } from '../../src/models/random.js';
import { fromLibraries } from '../../src/models/weights/library-names.js';

export interface Case {
  /** `[batch, channels, height, width]`, in a video `[batch, channels, frames, height, width]`. */
  input: number[];
  logits: number[][];
  logits_l2: number;
  feature: { l2: number };
}
export interface ZooFile {
  model: string;
  /** timm's name of the network, where the file has it in place of torchvision's; its tensors have timm's names. */
  timm?: string;
  gain: number;
  norm_eps?: Array<[kind: string, epsilon: number]>;
  tensors: Array<[name: string, shape: number[]]>;
  cases: Case[];
}

export interface Parity {
  model: string;
  pass: boolean;
  /** Relative L2 distance of the logits, the largest of the cases. */
  error?: number;
  tolerance?: number;
  /** What of the compared is furthest off: a case's logits, their norm, or the last feature map's. */
  worst?: { tensor: string; error: number };
  /** Names, shapes and settings that differ, or why there was nothing to compare. */
  faults: string[];
}

/** Centre and half-width of the values of a parameter. */
function range(name: string, shape: number[], gain: number): [centre: number, reach: number] {
  if (name === 'input') return [0, 1.5];
  if (/relative_position_bias_table|class_token|pos_embedding/.test(name)) return [0, 0.5];
  if (name.includes('layer_scale')) return [0.5, 0.2];
  if (name.endsWith('running_mean')) return [0, 0.1];
  if (name.endsWith('running_var')) return [1, 0.2];
  if (shape.length >= 2) return [0, gain * Math.sqrt(3 / shape.slice(1).reduce((a, b) => a * b, 1))];
  return name.endsWith('weight') ? [1, 0.2] : [0, 0.1];
}

const centred = (next: () => number): number => (2 * Math.floor(next() * 2 ** 24) + 1 - 2 ** 24) / 2 ** 24;

/** A parameter, or the input, filled by the rule; PyTorch's layout. */
export function byRule(name: string, shape: number[], gain = 1): Float32Array {
  const out = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const [centre, reach] = range(name, shape, gain);
  const next = random(seedFor(0, name));
  if (name !== 'input') {
    for (let i = 0; i < out.length; i++) out[i] = centre + reach * centred(next);
    return out;
  }
  const plane = out.length / (shape[0] * shape[1]);
  const nextPlane = random(seedFor(0, 'input.plane'));
  const offsets = Array.from({ length: shape[0] * shape[1] }, () => 1.5 * centred(nextPlane));
  return out.map((_, i) => offsets[Math.floor(i / plane)] + reach * centred(next));
}

/** The parameters of a model, filled by the rule. */
export const stateByRule = (model: Classifier, gain: number): StateDict =>
  new Map(
    [...model.parameters()].map(([name, { shape }]) => [name, { shape, data: byRule(name, shape, gain) }]),
  );

/** Names and shapes that the model and the file don't share, and another order of them. */
function otherTensors(model: Classifier, zoo: ZooFile): string[] {
  const own = new Map([...model.parameters()].map(([name, p]) => [name, p.shape.join('×')] as const));
  const listed = zoo.tensors.filter(([name]) => !model.isUnused(name));
  const faults: string[] = [];
  for (const [name, shape] of listed) {
    const mine = own.get(name);
    own.delete(name);
    if (mine !== shape.join('×'))
      faults.push(`${name} is ${mine ?? 'missing'}, in PyTorch ${shape.join('×')}`);
  }
  for (const name of own.keys()) faults.push(`${name} is not in PyTorch's state dict`);
  const order = [...model.parameters().keys()];
  const first = listed.findIndex(([name], i) => name !== order[i]);
  if (!faults.length && first >= 0)
    faults.push(`parameter ${first} is ${order[first]}, in PyTorch's order ${listed[first][0]}`);
  return faults;
}

function otherEpsilons(model: Classifier, zoo: ZooFile): string[] {
  if (!zoo.norm_eps) return [];
  const wanted = new Set(
    zoo.norm_eps.map(([kind, e]) => `${kind.startsWith('Layer') ? 'layer' : 'batch'} ${e}`),
  );
  const found = new Set<string>();
  for (const layer of model.net.layers) {
    const kind = /^Cellgrad(Batch|Layer)Norm/.exec(layer.getClassName())?.[1].toLowerCase();
    if (kind) found.add(`${kind} ${(layer.getConfig().epsilon as number | undefined) ?? 1e-5}`);
  }
  if ([...wanted].sort().join() === [...found].sort().join()) return [];
  return [`norms have ${[...found].join(', ')}, in PyTorch ${[...wanted].join(', ')}`];
}

/** Names, shapes and settings in which the model and the file differ. */
const differences = (model: Classifier, zoo: ZooFile): string[] => [
  // of timm's names the loading itself says what doesn't fit
  ...(zoo.timm ? [] : otherTensors(model, zoo)),
  ...otherEpsilons(model, zoo),
];

/** What the network of a file is filled with, under the model's names. */
function stateOf(model: Classifier, { gain, tensors, timm }: ZooFile): StateDict {
  if (!timm) return stateByRule(model, gain);
  const theirs = tensors.map(([name, shape]) => [name, { shape, data: byRule(name, shape, gain) }] as const);
  return fromLibraries(model.name, new Map(theirs));
}

export const l2 = (values: Iterable<number>): number => {
  let sum = 0;
  for (const v of values) sum += v * v;
  return Math.sqrt(sum);
};

/** An input as networks take it here, of one in PyTorch's layout. */
export function channelsLast(data: Float32Array, shape: number[]): InputBatch {
  const [batch, channels, ...places] = shape.map((_, axis) => axis);
  return tf.tidy(() => {
    const given: tfjs.Tensor = tf.tensor(data, shape);
    return tf.transpose(given, [batch, ...places, channels]) as InputBatch;
  });
}

/** The relative deviations of a case, by what is compared. */
export function deviations(model: Classifier, c: Case): Record<string, number> {
  return tf.tidy(() => {
    const x = channelsLast(byRule('input', c.input), c.input);
    const { taps, logits } = model.tap(x, [model.featureMap]);
    const rows = logits.arraySync();
    const off = c.logits.flatMap((row, i) => row.map((v, j) => rows[i][j] - v));
    const feature = l2(taps[0].dataSync() as Float32Array);
    const at = c.input.join('×');
    return {
      [`logits ${at}`]: l2(off) / l2(c.logits.flat()),
      [`norm of all logits ${at}`]: Math.abs(l2(rows.flat()) / c.logits_l2 - 1),
      [`norm of ${model.featureMap} ${at}`]: Math.abs(feature / c.feature.l2 - 1),
    };
  });
}

/** Compares the model of a file with it. */
export async function parity(zoo: ZooFile): Promise<Parity> {
  // GELU by tanh is 2e-4 off
  const tolerance = /^(vit|swin|convnext)/.test(zoo.model) ? 5e-5 : 1e-4;
  const found = new Map<string, number>();
  const called = zoo.timm ? `${zoo.model} = timm's ${zoo.timm}` : zoo.model;
  let faults: string[] = [];
  for (const c of zoo.cases) {
    let model;
    try {
      model = await create(zoo.model, { inputShape: c.input.slice(2) as [number, number] });
      faults = differences(model, zoo);
      if (!faults.length) {
        model.loadState(stateOf(model, zoo));
        for (const [name, error] of Object.entries(deviations(model, c))) found.set(name, error);
      }
    } catch (error) {
      faults = [(error as Error).message];
    }
    model?.dispose();
    if (faults.length) return { model: called, pass: false, tolerance, faults };
  }
  const ranked = [...found].sort((a, b) => b[1] - a[1]);
  const error = Math.max(...ranked.filter(([name]) => name.startsWith('logits')).map(([, e]) => e));
  const pass = ranked.every(([, e]) => e < tolerance);
  const [tensor, off] = ranked[0];
  return { model: called, pass, error, tolerance, worst: { tensor, error: off }, faults };
}

/** What a folder's JSON files hold, one after another. */
export function* jsonFiles(folder: string): Generator<object> {
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.json')) continue;
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    } catch (error) {
      throw new Error(`${join(folder, name)} is no JSON: ${(error as Error).message}.`, { cause: error });
    }
    if (typeof content === 'object' && content) yield content;
  }
}

/** The files of a folder in the zoo's format, one after another. */
export function* zooFiles(folder: string, only?: (model: string) => boolean): Generator<ZooFile> {
  for (const content of jsonFiles(folder) as Iterable<Partial<ZooFile>>)
    if (content.model && content.cases?.length && content.tensors)
      if (!only || only(content.model)) yield content as ZooFile;
}

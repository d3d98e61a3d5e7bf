// Which architectures there are: names by family, each family's file loaded when one of its models is asked for.

import type { Architecture } from './builder.js';
import { ModelError, nearest } from './errors.js';
import { pretrained } from './weights/imagenet.js';

type Table = Record<string, Architecture>;
interface Family {
  /** The rows of the family's table. */
  models: readonly string[];
  load: () => Promise<Table>;
}

const families: Record<string, Family> = {
  densenet: {
    models: ['densenet121', 'densenet161', 'densenet169', 'densenet201'],
    load: async () => (await import('./families/densenet.js')).densenets,
  },
  efficientnet: {
    models: ['efficientnet_b0', 'tf_efficientnet_lite0'],
    load: async () => (await import('./families/efficientnet.js')).efficientnets,
  },
  mobilenet: {
    models: ['mobilenet_v2'],
    load: async () => (await import('./families/mobilenet.js')).mobilenets,
  },
  resnet: {
    models: [
      ...['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152'],
      ...['wide_resnet50_2', 'wide_resnet101_2'],
      ...['resnext50_32x4d', 'resnext101_32x8d', 'resnext101_64x4d'],
    ],
    load: async () => (await import('./families/resnet.js')).resnets,
  },
};

const names = Object.entries(families).flatMap(([family, { models }]) =>
  models.map((model) => [model, family] as const),
);
const familyOf = new Map(names);

export interface ListOptions {
  /** Keeps the models of one family. */
  family?: string;
  /** Keeps those with published ImageNet weights. */
  pretrained?: boolean;
}

/**
 * Names of the architectures, in alphabetical order.
 * @param filter part of a name, a glob (`resnet*`, `vgg1?_bn`) or a regular expression
 * @throws ModelError `option` when there is no such family
 */
export function list(filter: string | RegExp = '', options: ListOptions = {}): string[] {
  const { family } = options;
  if (family !== undefined && !(family in families))
    throw new ModelError(
      'option',
      `There is no family "${family}"; there are ${Object.keys(families).sort().join(', ')}.`,
    );
  const fits = matcher(filter);
  const weighted = pretrained();
  return names
    .filter(([, f]) => family === undefined || f === family)
    .map(([name]) => name)
    .filter((name) => fits(name) && (!options.pretrained || weighted.includes(name)))
    .sort();
}

function matcher(filter: string | RegExp): (name: string) => boolean {
  // not test(), which a regular expression with the flag g answers from where it last stopped
  if (typeof filter !== 'string') return (name) => name.search(filter) >= 0;
  if (!/[*?]/.test(filter)) return (name) => name.includes(filter);
  const pattern = filter
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const glob = new RegExp(`^${pattern}$`);
  return (name) => glob.test(name);
}

/**
 * An architecture by its name.
 * @throws ModelError `unknown-model` with the nearest names
 */
export async function find(name: string): Promise<Architecture> {
  const family = familyOf.get(name);
  if (!family)
    throw new ModelError(
      'unknown-model',
      `There is no model "${name}". Nearest: ${nearest(name, list()).join(', ')}. All: ${list().join(', ')}.`,
    );
  return (await families[family].load())[name];
}

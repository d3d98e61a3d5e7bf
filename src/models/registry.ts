// Which architectures there are: names by family, each family's file loaded when one of its models is asked for.

import type { Architecture } from './builder.js';
import { ModelError, nearest } from './errors.js';
import { pretrained } from './weights/published/registry.js';

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
    models: [
      ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((n) => [`efficientnet_b${n}`, `tf_efficientnet_b${n}`]),
      ...['efficientnet_v2_s', 'efficientnet_v2_m', 'efficientnet_v2_l'],
      ...[0, 1, 2, 3, 4].map((n) => `tf_efficientnet_lite${n}`),
    ],
    load: async () => (await import('./families/efficientnet.js')).efficientnets,
  },
  mobilenet: {
    models: ['mobilenet_v2', 'mobilenet_v3_large', 'mobilenet_v3_small'],
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
  alexnet: {
    models: ['alexnet'],
    load: async () => (await import('./families/alexnet.js')).alexnets,
  },
  convnext: {
    models: ['convnext_tiny', 'convnext_small', 'convnext_base', 'convnext_large'],
    load: async () => (await import('./families/convnext.js')).convnexts,
  },
  dpn: {
    models: ['dpn68', 'dpn92', 'dpn98'],
    load: async () => (await import('./families/dpn.js')).dpns,
  },
  ghostnet: {
    models: ['ghostnet_100'],
    load: async () => (await import('./families/ghostnet.js')).ghostnets,
  },
  googlenet: {
    models: ['googlenet'],
    load: async () => (await import('./families/googlenet.js')).googlenets,
  },
  hrnet: {
    models: ['hrnet_w18'],
    load: async () => (await import('./families/hrnet.js')).hrnets,
  },
  inception: {
    models: ['inception_v3', 'inception_v4', 'inception_resnet_v2'],
    load: async () => (await import('./families/inception.js')).inceptions,
  },
  mnasnet: {
    models: ['mnasnet0_5', 'mnasnet0_75', 'mnasnet1_0', 'mnasnet1_3'],
    load: async () => (await import('./families/mnasnet.js')).mnasnets,
  },
  nasnet: {
    models: ['nasnetalarge'],
    load: async () => (await import('./families/nasnet.js')).nasnets,
  },
  pnasnet: {
    models: ['pnasnet5large'],
    load: async () => (await import('./families/pnasnet.js')).pnasnets,
  },
  regnet: {
    models: ['regnet_y_400mf', 'regnet_y_800mf', 'regnet_y_1_6gf', 'regnet_y_3_2gf'],
    load: async () => (await import('./families/regnet.js')).regnets,
  },
  res2net: {
    models: ['res2net50_26w_4s'],
    load: async () => (await import('./families/res2net.js')).res2nets,
  },
  resnest: {
    models: ['resnest50d'],
    load: async () => (await import('./families/resnest.js')).resnests,
  },
  senet: {
    models: [
      ...['legacy_seresnet50', 'legacy_seresnet101'],
      ...['legacy_seresnext50_32x4d', 'legacy_seresnext101_32x4d', 'legacy_senet154'],
    ],
    load: async () => (await import('./families/senet.js')).senets,
  },
  shufflenet: {
    models: ['shufflenet_v2_x0_5', 'shufflenet_v2_x1_0', 'shufflenet_v2_x1_5', 'shufflenet_v2_x2_0'],
    load: async () => (await import('./families/shufflenet.js')).shufflenets,
  },
  squeezenet: {
    models: ['squeezenet1_0', 'squeezenet1_1'],
    load: async () => (await import('./families/squeezenet.js')).squeezenets,
  },
  vgg: {
    models: ['vgg11', 'vgg11_bn', 'vgg13', 'vgg13_bn', 'vgg16', 'vgg16_bn', 'vgg19', 'vgg19_bn'],
    load: async () => (await import('./families/vgg.js')).vggs,
  },
  video: {
    models: ['r3d_18', 'mc3_18', 'r2plus1d_18'],
    load: async () => (await import('./families/video.js')).videos,
  },
  swin: {
    models: ['swin_t', 'swin_s', 'swin_b'],
    load: async () => (await import('./families/swin.js')).swins,
  },
  vit: {
    models: ['vit_b_16', 'vit_b_32', 'vit_l_16', 'vit_l_32'],
    load: async () => (await import('./families/vit.js')).vits,
  },
  xception: {
    models: ['legacy_xception'],
    load: async () => (await import('./families/xception.js')).xceptions,
  },
};

const names = Object.entries(families).flatMap(([family, { models }]) =>
  models.map((model) => [model, family] as const),
);
const familyOf = new Map(names);

export interface ListOptions {
  /** Keeps the models of one family. */
  family?: string;
  /** Keeps those with published weights: `weights(name)` lists them. */
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

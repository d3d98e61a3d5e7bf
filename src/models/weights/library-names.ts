// Names that libraries give tensors, as the networks here name them: timm's where theirs are torchvision's, and torchvision's of old.

import { rename } from './names.js';

/** Prefixes of names, and what takes their place. */
type Prefixes = Record<string, string>;

interface Naming {
  /** A block's prefix with its numbers, and what takes its place. */
  block: RegExp;
  at: (...numbers: number[]) => string;
  /** Of names within a block. */
  parts: Prefixes;
  /** The same in the first stage, where its blocks are of another kind: MobileNet's expand nothing there. */
  first?: Prefixes;
  /** Of names outside of blocks. */
  ends: Prefixes;
}

/** Where MobileNetV2's stages begin in torchvision's one list of blocks. */
const starts = [1, 2, 4, 7, 11, 14, 17];
/** Prefixes of a stage's reduction, the first of which is numbered `from`. */
const reductions = (stages: string, from: number): Prefixes =>
  Object.fromEntries([2, 4, 6].map((at, i) => [`${stages}.${from + i}.downsample.`, `features.${at}.`]));

const swin: Naming = {
  block: /^layers\.(\d+)\.blocks\.(\d+)\./,
  at: (stage, i) => `features.${2 * stage + 1}.${i}.`,
  parts: { 'mlp.fc1.': 'mlp.0.', 'mlp.fc2.': 'mlp.3.' },
  ends: {
    'patch_embed.proj.': 'features.0.0.',
    'patch_embed.norm.': 'features.0.2.',
    'head.fc.': 'head.',
    ...reductions('layers', 1),
  },
};
/** As Swin's authors name them, and the earlier versions of timm: the reduction ends a stage. */
const swinAuthors: Naming = { ...swin, ends: { ...swin.ends, ...reductions('layers', 0) } };

// by the beginning of a network's name; no name of torchvision's is one of those that are replaced
const namings: Record<string, Naming> = {
  convnext: {
    block: /^stages\.(\d+)\.blocks\.(\d+)\./,
    at: (stage, i) => `features.${2 * stage + 1}.${i}.`,
    parts: {
      gamma: 'layer_scale',
      'conv_dw.': 'block.0.',
      'norm.': 'block.2.',
      'mlp.fc1.': 'block.3.',
      'mlp.fc2.': 'block.5.',
    },
    ends: {
      'stem.': 'features.0.',
      'head.norm.': 'classifier.0.',
      'head.fc.': 'classifier.2.',
      ...reductions('stages', 1),
    },
  },
  vgg: {
    block: /^features\.(\d+)\./,
    at: (i) => `features.${i}.`,
    parts: {},
    ends: {
      'pre_logits.fc1.': 'classifier.0.',
      'pre_logits.fc2.': 'classifier.3.',
      'head.fc.': 'classifier.6.',
    },
  },
  vit: {
    block: /^blocks\.(\d+)\./,
    at: (i) => `encoder.layers.encoder_layer_${i}.`,
    parts: {
      'norm1.': 'ln_1.',
      'attn.qkv.': 'self_attention.in_proj_',
      'attn.proj.': 'self_attention.out_proj.',
      'norm2.': 'ln_2.',
      'mlp.fc1.': 'mlp.0.',
      'mlp.fc2.': 'mlp.3.',
    },
    ends: {
      cls_token: 'class_token',
      pos_embed: 'encoder.pos_embedding',
      'patch_embed.proj.': 'conv_proj.',
      'norm.': 'encoder.ln.',
      'head.': 'heads.head.',
    },
  },
  swin,
  regnet: {
    block: /^s(\d)\.b(\d+)\./,
    at: (stage, i) => `trunk_output.block${stage}.block${stage}-${i - 1}.`,
    parts: {
      'conv1.conv.': 'f.a.0.',
      'conv1.bn.': 'f.a.1.',
      'conv2.conv.': 'f.b.0.',
      'conv2.bn.': 'f.b.1.',
      'se.': 'f.se.',
      'conv3.conv.': 'f.c.0.',
      'conv3.bn.': 'f.c.1.',
      'downsample.conv.': 'proj.0.',
      'downsample.bn.': 'proj.1.',
    },
    ends: { 'stem.conv.': 'stem.0.', 'stem.bn.': 'stem.1.', 'head.fc.': 'fc.' },
  },
  // b0 to b4: the norms of timm's larger ones have another epsilon, those of its V2 other padding
  'efficientnet_b[0-4]$': {
    block: /^blocks\.(\d+)\.(\d+)\./,
    at: (stage, i) => `features.${stage + 1}.${i}.block.`,
    first: {
      'conv_dw.': '0.0.',
      'bn1.': '0.1.',
      'se.conv_reduce.': '1.fc1.',
      'se.conv_expand.': '1.fc2.',
      'conv_pw.': '2.0.',
      'bn2.': '2.1.',
    },
    parts: {
      'conv_pw.': '0.0.',
      'bn1.': '0.1.',
      'conv_dw.': '1.0.',
      'bn2.': '1.1.',
      'se.conv_reduce.': '2.fc1.',
      'se.conv_expand.': '2.fc2.',
      'conv_pwl.': '3.0.',
      'bn3.': '3.1.',
    },
    ends: {
      'conv_stem.': 'features.0.0.',
      'bn1.': 'features.0.1.',
      'conv_head.': 'features.8.0.',
      'bn2.': 'features.8.1.',
      'classifier.weight': 'classifier.1.weight',
      'classifier.bias': 'classifier.1.bias',
    },
  },
  mobilenet_v2: {
    block: /^blocks\.(\d+)\.(\d+)\./,
    at: (stage, i) => `features.${starts[stage] + i}.conv.`,
    first: { 'conv_dw.': '0.0.', 'bn1.': '0.1.', 'conv_pw.': '1.', 'bn2.': '2.' },
    parts: {
      'conv_pw.': '0.0.',
      'bn1.': '0.1.',
      'conv_dw.': '1.0.',
      'bn2.': '1.1.',
      'conv_pwl.': '2.',
      'bn3.': '3.',
    },
    ends: {
      'conv_stem.': 'features.0.0.',
      'bn1.': 'features.0.1.',
      'conv_head.': 'features.18.0.',
      'bn2.': 'features.18.1.',
      'classifier.weight': 'classifier.1.weight',
      'classifier.bias': 'classifier.1.bias',
    },
  },
  mnasnet: {
    block: /^blocks\.(\d+)\.(\d+)\./,
    at: (stage, i) => (stage === 0 ? 'layers.' : `layers.${stage + 7}.${i}.layers.`),
    first: { 'conv_dw.': '3.', 'bn1.': '4.', 'conv_pw.': '6.', 'bn2.': '7.' },
    parts: {
      'conv_pw.': '0.',
      'bn1.': '1.',
      'conv_dw.': '3.',
      'bn2.': '4.',
      'conv_pwl.': '6.',
      'bn3.': '7.',
    },
    ends: {
      'conv_stem.': 'layers.0.',
      'bn1.': 'layers.1.',
      'conv_head.': 'layers.14.',
      'bn2.': 'layers.15.',
      'classifier.weight': 'classifier.1.weight',
      'classifier.bias': 'classifier.1.bias',
    },
  },
};

/** A name with the prefix that fits replaced. */
function replaced(name: string, prefixes: Prefixes): string {
  const prefix = Object.keys(prefixes).find((p) => name.startsWith(p));
  return prefix === undefined ? name : prefixes[prefix] + name.slice(prefix.length);
}

function fromTimm(naming: Naming, name: string): string {
  const found = naming.block.exec(name);
  if (!found) return replaced(name, naming.ends);
  const numbers = found.slice(1).map(Number);
  const parts = (numbers[0] === 0 && naming.first) || naming.parts;
  return naming.at(...numbers) + replaced(name.slice(found[0].length), parts);
}

/** A tensor's shape under torchvision's name. */
function shaped(name: string, shape: number[]): number[] {
  if (name.endsWith('.layer_scale') && shape.length === 1) return [...shape, 1, 1];
  // timm's VGGs classify by convolutions
  if (/^classifier\.[03]\.weight$/.test(name) && shape.length === 4)
    return [shape[0], shape[1] * shape[2] * shape[3]];
  return shape;
}

/** torchvision's DenseNets and vision transformers were published before their modules were renamed. */
const renamed: ReadonlyArray<[RegExp, string]> = [
  [/^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$/, '$1$2'],
  [/^(.*\.mlp)\.linear_1\./, '$1.0.'],
  [/^(.*\.mlp)\.linear_2\./, '$1.3.'],
];

/**
 * The tensors of a PyTorch library's file under the network's own names; those that have these already keep them.
 * @param model the network's name here
 */
export function fromLibraries<T extends { shape: number[] }>(
  model: string,
  tensors: Map<string, T>,
): Map<string, T> {
  const key = Object.keys(namings).find((k) => new RegExp(`^${k}`).test(model));
  const earlier = tensors.has('layers.0.downsample.reduction.weight');
  const naming = key && (key === 'swin' && earlier ? swinAuthors : namings[key]);
  const named = rename(tensors, (name) => {
    const own = naming ? fromTimm(naming, name) : name;
    return renamed.reduce((text, [pattern, by]) => text.replace(pattern, by), own);
  });
  if (naming)
    for (const [name, tensor] of named) named.set(name, { ...tensor, shape: shaped(name, tensor.shape) });
  return named;
}

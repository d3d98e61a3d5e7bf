// Files of keras.applications: which network they hold, which model here computes the same, and how its tensors become that
// model's.

import type { Target } from './fit.js';
import * as names from './keras-names.js';
import { refuse } from './refuse.js';
import { sizeOf, type Stored } from './stored.js';

interface Application {
  title: string;
  /** Whether these are its layers. */
  sign: RegExp | ((layers: string[]) => boolean);
  /** Models here that compute the same. */
  models?: { names: string[]; layers: names.Names };
  /** Why none does. */
  differs?: string;
  /** By how much Keras's epsilon of batch norms is larger than the model's. */
  epsilon?: number;
  /** Sides of the input, modulo 32, at which no map that is halved has an even side: there Keras pads before it only. */
  sides?: number[];
  /** The layer behind the flattened map, whose inputs are ordered by place first in Keras. */
  flat?: { layer: string; channels: number };
}

const efficientnets = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `tf_efficientnet_b${n}`);

const applications: Application[] = [
  {
    title: 'DenseNet',
    sign: /^pool2_conv$/,
    models: { names: ['densenet121', 'densenet169', 'densenet201'], layers: names.densenet },
    epsilon: 1e-8,
  },
  {
    title: 'EfficientNet',
    sign: /^block2a_dwconv$/,
    models: { names: efficientnets, layers: names.efficientnet },
  },
  {
    title: 'EfficientNetV2',
    sign: /^block4a_dwconv2$/,
    models: {
      names: ['efficientnet_v2_s', 'efficientnet_v2_m', 'efficientnet_v2_l'],
      layers: names.efficientnetV2,
    },
    sides: [1],
  },
  {
    title: 'MobileNetV2',
    sign: /^block_1_expand_bn$/,
    models: { names: ['mobilenet_v2'], layers: names.mobilenetV2 },
    epsilon: 1e-3 - 1e-5,
    sides: [1],
  },
  {
    title: 'MobileNetV3',
    sign: /^expanded_conv_1_expand_bn$/,
    models: { names: ['mobilenet_v3_small', 'mobilenet_v3_large'], layers: names.mobilenetV3 },
    sides: [1],
  },
  {
    title: 'ConvNeXt',
    sign: /_stage_0_block_0_depthwise_conv$/,
    models: {
      names: ['convnext_tiny', 'convnext_small', 'convnext_base', 'convnext_large'],
      layers: names.convnext,
    },
  },
  {
    title: 'VGG',
    sign: /^block5_conv3$/,
    models: { names: ['vgg16', 'vgg19'], layers: names.vgg },
    flat: { layer: 'classifier.0', channels: 512 },
  },
  {
    title: 'Xception',
    sign: /^block2_sepconv1$/,
    models: { names: ['legacy_xception'], layers: names.xception },
    epsilon: 1e-3 - 1e-5,
    sides: [7, 8],
  },
  {
    title: 'InceptionResNetV2',
    sign: /^block35_1_conv$/,
    models: { names: ['inception_resnet_v2'], layers: names.inceptionResnetV2 },
  },
  {
    title: 'ResNet',
    sign: /^(conv2_block1_3_bn|res2a_branch2a)$/,
    differs: "its blocks have their stride in the first convolution, torchvision's in the middle one",
  },
  {
    title: 'ResNetV2',
    sign: /^conv2_block1_preact_bn$/,
    differs: 'its norms come before its convolutions',
  },
  {
    title: 'InceptionV3',
    sign: (layers) => layers.filter((layer) => names.countedConv.test(layer)).length === 94,
    differs: "its means at the border leave the padding out, torchvision's count it",
  },
  {
    title: 'NASNet',
    sign: /^normal_conv_1_0$/,
    differs: "its maxima at the border count the padding's zeros, timm's leave it out",
  },
  { title: 'MobileNet', sign: /^conv_pw_1_bn$/, differs: 'MobileNetV2 and V3 are other architectures' },
];

const split = (name: string): [layer: string, part: string] => {
  const dot = name.lastIndexOf('.');
  return [name.slice(0, dot), name.slice(dot + 1)];
};

/**
 * The tensors of a file of keras.applications under the model's names, in its shapes, so that it computes what Keras does; of
 * other files as they are. A dense layer that was put behind the network becomes the head.
 */
export function fromKeras(model: Target, tensors: Map<string, Stored>): Map<string, Stored> {
  const layers = [...new Set([...tensors.keys()].map((name) => names.plain(split(name)[0])))];
  const found = applications.find(({ sign }) =>
    typeof sign === 'function' ? sign(layers) : layers.some((layer) => sign.test(layer)),
  );
  if (!found) return tensors;
  const nameOf = suitable(found, model).layers(layers, weighted(model));
  const out = new Map<string, Stored>();
  const behind: string[] = [];
  for (const [name, tensor] of tensors) {
    const [layer, part] = split(name);
    const to = nameOf(names.plain(layer));
    if (to === undefined) behind.push(name);
    else if (to !== null) {
      const own = nameHere(to, part, tensors.has(`${layer}.pointwise_kernel`));
      if (out.has(own)) refuse(`it holds ${own} twice, once as ${name}`);
      out.set(own, tensor);
    }
  }
  for (const [name, own] of asHead(behind, tensors, model, out)) out.set(own, tensors.get(name)!);
  return computing(found, model, out);
}

/** @throws Refused where the model computes something else */
function suitable({ title, models, differs, sides }: Application, model: Target): { layers: names.Names } {
  if (!models) return refuse(`it holds Keras's ${title}, which no model here computes: ${differs}`);
  if (!models.names.includes(model.name))
    refuse(`it holds Keras's ${title}, which is ${models.names.join(', ')} here, not ${model.name}`);
  const [height, width] = model.inputShape;
  const suits = (side: number): boolean => !sides || sides.includes(side % 32);
  const near = (side: number): number => {
    const found = Array.from({ length: 64 }, (_, i) => side - 32 + i).filter((s) => s > 32 && suits(s));
    return found.sort((a, b) => Math.abs(a - side) - Math.abs(b - side))[0];
  };
  if (![height, width].every(suits))
    refuse(
      `it holds Keras's ${title}, which pads maps of even sides at one side only; ${model.name} computes the same where height and width are ${sides!.map((s) => `32 n + ${s}`).join(' or ')}, as inputShape: [${near(height)}, ${near(width)}], and this one takes [${height}, ${width}]`,
    );
  return models;
}

/** The model's layers that have a weight, in the order of its state dict. */
const weighted = (model: Target): string[] =>
  [...model.parameters().keys()]
    .map(split)
    .filter(([, part]) => part === 'weight')
    .map(([layer]) => layer);

/** A separable convolution is two layers here. */
function nameHere(layer: string, part: string, isSeparable: boolean): string {
  if (layer.endsWith('.layer_scale')) return layer;
  if (part === 'pointwise_kernel') return `${layer}.pointwise.weight`;
  return `${layer}.${isSeparable && part === 'weight' ? 'conv1.weight' : part}`;
}

/** Dense layers behind the network and the model's that are still without weights, one for one where they are as many. */
function asHead(
  behind: string[],
  tensors: Map<string, Stored>,
  model: Target,
  taken: Map<string, Stored>,
): Array<[name: string, own: string]> {
  const layers = behind
    .map(split)
    .filter(([layer, part]) => part === 'weight' && tensors.get(`${layer}.weight`)!.shape.length === 2);
  const dense = layers.map(([layer]) => layer);
  const open = [...model.parameters()]
    .filter(([name, { shape }]) => shape.length === 2 && name.endsWith('.weight') && !taken.has(name))
    .map(([name]) => split(name)[0]);
  return behind.map((name) => {
    const [layer, part] = split(name);
    const at = dense.indexOf(layer);
    return [name, at >= 0 && dense.length === open.length ? `${open[at]}.${part}` : name];
  });
}

/** Values that compute in the model's layers what they do in Keras's. */
function computing(
  { epsilon, flat }: Application,
  model: Target,
  tensors: Map<string, Stored>,
): Map<string, Stored> {
  const own = model.parameters();
  const out = new Map<string, Stored>();
  for (const [name, tensor] of tensors) {
    const [layer, part] = split(name);
    const wanted = own.get(name)?.variable.shape as number[] | undefined;
    let { shape, read } = tensor;
    if (wanted && compact(wanted) === compact(shape)) shape = wanted;
    if (epsilon && part === 'running_var')
      read = async (scratch) => (await tensor.read(scratch)).map((v) => v + epsilon);
    if (flat && name === `${flat.layer}.weight`)
      read = async (scratch) => channelsFirst(await tensor.read(scratch), shape, flat.channels);
    // a batch norm without a scale
    const weight = `${layer}.weight`;
    if (part === 'running_mean' && own.has(weight) && !tensors.has(weight))
      out.set(weight, { shape, read: () => Promise.resolve(new Float32Array(sizeOf(shape)).fill(1)) });
    out.set(name, { shape, read });
  }
  return out;
}

/** A shape without axes of 1: a dense layer is a convolution of 1 × 1. */
const compact = (shape: number[]): string => shape.filter((n) => n !== 1).join();

/** The rows of a dense layer's weight `[places · channels, units]`, by channel first. */
function channelsFirst(values: Float32Array, [rows, units]: number[], channels: number): Float32Array {
  const places = rows / channels;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const to = (row % channels) * places + Math.floor(row / channels);
    out.set(values.subarray(row * units, (row + 1) * units), to * units);
  }
  return out;
}

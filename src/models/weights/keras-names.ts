// Layers of keras.applications and their names in the models here. Keras 2's names are read as Keras 3's: see `plain`.

/** A layer's name here; null leaves it out, undefined is for layers that a user put behind the network. */
type Name = (layer: string) => string | null | undefined;
/**
 * How a family's layers are called here.
 * @param layers all of the file
 * @param own the model's layers with weights, in the order of its state dict
 */
export type Names = (layers: string[], own: string[]) => Name;

/** A name as Keras 3 writes it: Keras 2 had `Conv/BatchNorm` for `conv_bn`. */
export const plain = (layer: string): string =>
  layer
    .toLowerCase()
    .replaceAll('/', '_')
    .replace(/_batchnorm$/, '_bn');

type Table = Record<string, string>;
/** Layers are named by the file, whatever that says. */
const within = (table: Table, key: string): string | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** Layers without a name of their own, which Keras counts in the order in which they were made. */
export const countedConv = /^conv(?:olution)?2d(?:_(\d+))?$/;
const countedNorm = /^batch_?normalization(?:_(\d+))?$/;

/** The layers that fit a pattern, by the numbers in it, under the names of `own` in their order. */
function inOrder(layers: string[], pattern: RegExp, own: string[]): Map<string, string> {
  const numbers = (layer: string): number[] =>
    pattern
      .exec(layer)!
      .slice(1)
      .map((n) => Number(n ?? 0));
  const found = layers.filter((layer) => pattern.test(layer)).map((layer) => ({ layer, at: numbers(layer) }));
  found.sort((a, b) => a.at.reduce((order, n, i) => order || n - b.at[i], 0));
  return new Map(found.slice(0, own.length).map(({ layer }, i) => [layer, own[i]]));
}

/** `conv2_block1_0_bn` is `features.denseblock1.denselayer1.norm1`. */
export const densenet: Names = () => (layer) => {
  const inner = /^conv(\d)_block(\d+)_(\d)_(bn|conv)$/.exec(layer);
  if (inner) {
    const [, stage, number, part, kind] = inner;
    const name = kind === 'conv' ? `conv${part}` : `norm${Number(part) + 1}`;
    return `features.denseblock${Number(stage) - 1}.denselayer${number}.${name}`;
  }
  const transition = /^pool(\d)_(bn|conv)$/.exec(layer);
  if (transition)
    return `features.transition${Number(transition[1]) - 1}.${transition[2] === 'bn' ? 'norm' : 'conv'}`;
  const others: Table = {
    conv1_conv: 'features.conv0',
    conv1_bn: 'features.norm0',
    bn: 'features.norm5',
  };
  return within(others, layer);
};

/** Stage and block of `block2a_expand_conv`, from 0, and `expand_conv`. */
function blockOf(layer: string): { stage: number; index: number; part: string } | undefined {
  const found = /^block(\d)([a-z])_(.*)$/.exec(layer);
  if (!found) return undefined;
  const [, stage, letter, part] = found;
  return { stage: Number(stage) - 1, index: letter.charCodeAt(0) - 'a'.charCodeAt(0), part };
}
/** Preprocessing goes before the network here. */
const isPreprocessing = (layer: string): boolean => /(^|_)normalization(_\d+)?$/.test(layer);

const gates = { dwconv: 'conv_dw', se_reduce: 'se.conv_reduce', se_expand: 'se.conv_expand' };
const separable: Table = {
  ...gates,
  bn: 'bn1',
  project_conv: 'conv_pw',
  project_bn: 'bn2',
};
const inverted: Table = {
  ...gates,
  expand_conv: 'conv_pw',
  expand_bn: 'bn1',
  bn: 'bn2',
  project_conv: 'conv_pwl',
  project_bn: 'bn3',
};

/** B0 to B7: `block2a_expand_conv` is `blocks.1.0.conv_pw`. */
export const efficientnet: Names = () => (layer) => {
  if (isPreprocessing(layer)) return null;
  const block = blockOf(layer);
  if (block) {
    const { stage, index, part } = block;
    // the first stage's blocks have no expansion
    const name = within(stage ? inverted : separable, part);
    return name && `blocks.${stage}.${index}.${name}`;
  }
  const others: Table = {
    stem_conv: 'conv_stem',
    stem_bn: 'bn1',
    top_conv: 'conv_head',
    top_bn: 'bn2',
  };
  return within(others, layer);
};

/** The last of torchvision's numbered features. */
const lastOf = (own: string[]): number =>
  Math.max(...own.map((name) => Number(/^features\.(\d+)\./.exec(name)?.[1] ?? 0)));

const single: Table = { project_conv: '0.0', project_bn: '0.1' };
const fused: Table = {
  expand_conv: '0.0',
  expand_bn: '0.1',
  project_conv: '1.0',
  project_bn: '1.1',
};
const mbconv: Table = {
  expand_conv: '0.0',
  expand_bn: '0.1',
  dwconv2: '1.0',
  bn: '1.1',
  se_reduce: '2.fc1',
  se_expand: '2.fc2',
  project_conv: '3.0',
  project_bn: '3.1',
};

/** S, M and L: `block4a_dwconv2` is `features.4.0.block.1.0`. */
export const efficientnetV2: Names = (_, own) => {
  const last = lastOf(own);
  return (layer) => {
    if (isPreprocessing(layer)) return null;
    const block = blockOf(layer);
    if (block) {
      const { stage, index, part } = block;
      const name = within(stage === 0 ? single : stage < 3 ? fused : mbconv, part);
      return name && `features.${stage + 1}.${index}.block.${name}`;
    }
    const others: Table = {
      stem_conv: 'features.0.0',
      stem_bn: 'features.0.1',
      top_conv: `features.${last}.0`,
      top_bn: `features.${last}.1`,
    };
    return within(others, layer);
  };
};

/** `block_1_depthwise` is `features.2.conv.1.0`. */
export const mobilenetV2: Names = () => (layer) => {
  const inner = /^(?:expanded_conv|block_(\d+))_(expand|depthwise|project)(_bn)?$/.exec(layer);
  if (inner) {
    const [, number, part, norm] = inner;
    const parts = number ? ['expand', 'depthwise', 'project'] : ['depthwise', 'project'];
    const at = parts.indexOf(part);
    const name = part === 'project' ? at + (norm ? 1 : 0) : `${at}.${norm ? 1 : 0}`;
    return `features.${Number(number ?? 0) + 1}.conv.${name}`;
  }
  const others: Table = {
    conv1: 'features.0.0',
    bn_conv1: 'features.0.1',
    conv_1: 'features.18.0',
    conv_1_bn: 'features.18.1',
  };
  return within(others, layer);
};

/** `expanded_conv_3_squeeze_excite_conv` is `features.4.block.2.fc1`. */
export const mobilenetV3: Names = (_, own) => {
  const last = lastOf(own);
  const others: Table = {
    conv: 'features.0.0',
    conv_bn: 'features.0.1',
    conv_1: `features.${last}.0`,
    conv_1_bn: `features.${last}.1`,
    conv_2: 'classifier.0',
    logits: 'classifier.3',
  };
  return (layer) => {
    const inner = /^expanded_conv_(?:(\d+)_)?(expand|depthwise|squeeze_excite_conv|project)(_bn|_1)?$/.exec(
      layer,
    );
    if (!inner) return within(others, layer);
    const [, number = '0', part, rest] = inner;
    const block = `features.${Number(number) + 1}.block`;
    const middle = number === '0' ? 0 : 1; // the first block has no expansion
    const squeeze = `${block}.${middle + 1}`;
    if (part === 'squeeze_excite_conv') return `${squeeze}.fc${rest ? 2 : 1}`;
    const after = own.includes(`${squeeze}.fc1`) ? 2 : 1;
    const at = { expand: 0, depthwise: middle, project: middle + after }[part]!;
    return `${block}.${at}.${rest ? 1 : 0}`;
  };
};

/** `convnext_tiny_stage_0_block_1_layernorm` is `features.1.1.block.2`. */
export const convnext: Names = () => (layer) => {
  if (isPreprocessing(layer)) return null;
  const inner = /_stage_(\d)_block_(\d+)_(.*)$/.exec(layer);
  if (inner) {
    const [, stage, index, part] = inner;
    const parts: Table = {
      depthwise_conv: 'block.0',
      layernorm: 'block.2',
      pointwise_conv_1: 'block.3',
      pointwise_conv_2: 'block.5',
      layer_scale: 'layer_scale',
    };
    const name = within(parts, part);
    return name && `features.${2 * Number(stage) + 1}.${index}.${name}`;
  }
  const halving = /_downsampling_(layernorm|conv)_(\d)$/.exec(layer);
  if (halving) return `features.${2 * Number(halving[2]) + 2}.${halving[1] === 'conv' ? 1 : 0}`;
  const part = /_(stem_conv|stem_layernorm|head_layernorm)$/.exec(layer)?.[1];
  const others: Table = {
    stem_conv: 'features.0.0',
    stem_layernorm: 'features.0.1',
    head_layernorm: 'classifier.0',
  };
  return part && others[part];
};

/** `block1_conv2` is `features.2`. */
export const vgg: Names = (layers, own) => {
  const convolutions = own.filter((name) => name.startsWith('features.'));
  const names = inOrder(layers, /^block(\d)_conv(\d)$/, convolutions);
  const others = { fc1: 'classifier.0', fc2: 'classifier.3' };
  return (layer) => within(others, layer) ?? names.get(layer);
};

/** `block5_sepconv2_bn` is `block4.rep.5`; shortcuts have no names. */
export const xception: Names = (layers) => {
  const shortcuts = [1, 2, 3, 12];
  const skip = (part: string): string[] => shortcuts.map((block) => `block${block}.${part}`);
  const counted = new Map([
    ...inOrder(layers, countedConv, skip('skip')),
    ...inOrder(layers, countedNorm, skip('skipbn')),
  ]);
  return (layer) => {
    const inner = /^block(\d+)_(sepconv|conv)(\d)(_bn)?$/.exec(layer);
    if (!inner) return counted.get(layer);
    const [, block, kind, number, norm] = inner;
    if (kind === 'conv') return `${norm ? 'bn' : 'conv'}${number}`;
    if (block === '14') return `${norm ? 'bn' : 'conv'}${Number(number) + 2}`;
    // of an activation, a convolution and a norm; the first block begins without an activation
    const at = 3 * Number(number) - (block === '2' ? 3 : 2) + (norm ? 1 : 0);
    return `block${Number(block) - 1}.rep.${at}`;
  };
};

/** `block17_3_conv` is `repeat_1.2.conv2d`; the units of the branches have no names. */
export const inceptionResnetV2: Names = (layers, own) => {
  const units = own.filter((name) => name.endsWith('.conv')).map((name) => name.slice(0, -'.conv'.length));
  const unit = (part: string): string[] => units.map((name) => `${name}.${part}`);
  const counted = new Map([
    ...inOrder(layers, countedConv, unit('conv')),
    ...inOrder(layers, countedNorm, unit('bn')),
  ]);
  const repeats: Table = { 35: 'repeat', 17: 'repeat_1', 8: 'repeat_2' };
  return (layer) => {
    const sum = /^block(35|17|8)_(\d+)_conv$/.exec(layer);
    if (sum) {
      const [, kind, number] = sum;
      return layer === 'block8_10_conv' ? 'block8.conv2d' : `${repeats[kind]}.${Number(number) - 1}.conv2d`;
    }
    const others: Table = { conv_7b: 'conv2d_7b.conv', conv_7b_bn: 'conv2d_7b.bn' };
    return within(others, layer) ?? counted.get(layer);
  };
};

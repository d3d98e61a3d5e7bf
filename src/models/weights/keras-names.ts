// Layers of tf.keras.applications that compute what a model here does, and their names in it.

/**
 * What a Keras tensor (`conv1_conv.weight`) is called in the model; null leaves it out.
 *
 * Keras's ResNets, MobileNets and Inceptions of the same names differ from torchvision's in strides, padding or biases, so that
 * their weights would not compute the same: they have no names here.
 */
export function kerasNames(model: string): ((name: string) => string | null) | undefined {
  const layers = model.startsWith('densenet')
    ? densenet
    : /^tf_efficientnet_b\d$/.test(model)
      ? efficientnet
      : undefined;
  if (!layers) return undefined;
  return (name) => {
    const dot = name.lastIndexOf('.');
    const layer = layers(name.slice(0, dot));
    return layer === null ? null : `${layer}${name.slice(dot)}`;
  };
}

/** DenseNets: `conv2_block1_0_bn` is `features.denseblock1.denselayer1.norm1`. */
function densenet(layer: string): string {
  const inner = /^conv(\d)_block(\d+)_(\d)_(bn|conv)$/.exec(layer);
  if (inner) {
    const [, stage, number, part, kind] = inner;
    const name = kind === 'conv' ? `conv${part}` : `norm${Number(part) + 1}`;
    return `features.denseblock${Number(stage) - 1}.denselayer${number}.${name}`;
  }
  const transition = /^pool(\d)_(bn|conv)$/.exec(layer);
  if (transition)
    return `features.transition${Number(transition[1]) - 1}.${transition[2] === 'bn' ? 'norm' : 'conv'}`;
  // Keras 2 wrote conv1/conv
  const others: Record<string, string> = {
    conv1_conv: 'features.conv0',
    conv1_bn: 'features.norm0',
    bn: 'features.norm5',
    predictions: 'classifier',
    fc1000: 'classifier',
  };
  return others[layer.replace('/', '_')] ?? layer;
}

/** EfficientNets B0 to B7: `block2a_expand_conv` is `blocks.1.0.conv_pw`. */
function efficientnet(layer: string): string | null {
  if (layer === 'normalization') return null; // preprocessing goes before the network here
  const block = /^block(\d)([a-z])_(.*)$/.exec(layer);
  if (block) {
    const [, stage, letter, part] = block;
    // the first stage's blocks have no expansion
    const names = stage === '1' ? separable : inverted;
    const at = `blocks.${Number(stage) - 1}.${letter.charCodeAt(0) - 'a'.charCodeAt(0)}`;
    return part in names ? `${at}.${names[part]}` : layer;
  }
  const others: Record<string, string> = {
    stem_conv: 'conv_stem',
    stem_bn: 'bn1',
    top_conv: 'conv_head',
    top_bn: 'bn2',
    predictions: 'classifier',
  };
  return others[layer] ?? layer;
}

const gates = { dwconv: 'conv_dw', se_reduce: 'se.conv_reduce', se_expand: 'se.conv_expand' };
const separable: Record<string, string> = {
  ...gates,
  bn: 'bn1',
  project_conv: 'conv_pw',
  project_bn: 'bn2',
};
const inverted: Record<string, string> = {
  ...gates,
  expand_conv: 'conv_pw',
  expand_bn: 'bn1',
  bn: 'bn2',
  project_conv: 'conv_pwl',
  project_bn: 'bn3',
};

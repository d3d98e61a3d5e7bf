// Vision transformer (Dosovitskiy et al. 2021), torchvision's definition.

import { ClassToken, PositionEmbedding, SelfAttention } from '../attention.js';
import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { ModelError } from '../errors.js';
import { linear, normal, normalBias, xavier, type Initial } from '../init.js';
import { Tokens } from '../shaping.js';

interface Design {
  patch: number;
  depth: number;
  heads: number;
  width: number;
}

const epsilon = 1e-6;
const mlpInit = { weight: xavier, bias: (seed: number) => normalBias(1e-6, seed) };
const zeros: Initial = (shape) => new Float32Array(shape.reduce((a, n) => a * n, 1));

interface Place {
  name: string;
  seed: number;
  /** Stochastic depth, as timm's ViTs have it. */
  drop: number;
}

function block(b: Builder, input: Node, { heads, width }: Design, { name, seed, drop }: Place): Node {
  let x = b.layerNorm(input, `${name}.ln_1`, epsilon);
  x = b.layer(x, new SelfAttention({ name: `${name}.self_attention`, heads, init: xavier(seed) }));
  x = b.linear(x, `${name}.self_attention.out_proj`, width, { weight: linear });
  const middle = b.sum(b.stochasticDepth(x, `${name}.drop_path1`, drop), input, `${name}.attended`);
  x = b.layerNorm(middle, `${name}.ln_2`, epsilon);
  x = b.act(b.linear(x, `${name}.mlp.0`, 4 * width, mlpInit), `${name}.mlp.1`, 'gelu');
  x = b.linear(x, `${name}.mlp.3`, width, mlpInit);
  return b.sum(b.stochasticDepth(x, `${name}.drop_path2`, drop), middle, `${name}.out`);
}

function checkSize([, height, width]: Node['shape'], patch: number): void {
  if (height! % patch || width! % patch)
    throw new ModelError(
      'option',
      `inputShape is [${height}, ${width}]; a transformer of ${patch} × ${patch} patches takes multiples of ${patch}.`,
    );
}

const vit = (design: Design): Architecture => ({
  family: 'vit',
  source: 'torchvision',
  minSize: design.patch,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, dropout = 0, dropPath = 0 }) {
    const { patch, depth, width } = design;
    checkSize(input.shape, patch);
    const fan = patch * patch * input.shape[3]!;
    const b = new Builder({ seed, conv: (s) => normal(Math.sqrt(1 / fan), s) });
    // before its place, for it comes first in the state dict
    const token = new ClassToken({ name: 'class_token' });
    let x = b.conv(input, 'conv_proj', width, patch, { stride: patch, bias: true });
    x = b.layer(x, token);
    x = b.layer(x, new PositionEmbedding({ name: 'encoder', init: normal(0.02, seed) }));
    const stages = ['encoder'];
    for (let i = 0; i < depth; i++) {
      const name = `encoder.layers.encoder_layer_${i}`;
      x = block(b, x, design, { name, seed: seed + i + 1, drop: (dropPath * i) / (depth - 1) });
      stages.push(x.sourceLayer.name);
    }
    x = b.layerNorm(x, 'encoder.ln', epsilon);
    x = b.dropout(b.layer(x, new Tokens({ name: 'class', at: 0 })), 'dropout', dropout);
    const logits = b.linear(x, 'heads.head', classes, { weight: () => zeros });
    return { logits, stages, featureMap: 'encoder.ln', head: 'heads.head' };
  },
});

export const vits: Record<string, Architecture> = {
  vit_b_16: vit({ patch: 16, depth: 12, heads: 12, width: 768 }),
  vit_b_32: vit({ patch: 32, depth: 12, heads: 12, width: 768 }),
  vit_l_16: vit({ patch: 16, depth: 24, heads: 16, width: 1024 }),
  vit_l_32: vit({ patch: 32, depth: 24, heads: 16, width: 1024 }),
};

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from '../../../src/models/index.js';
import { construct } from '../../../src/models/create.js';
import { fromLibraries } from '../../../src/models/weights/library-names.js';
import { torchFile, type Dict, type Tensor } from '../../support/pickles.js';

/** Names of each kind, timm's beside torchvision's; that the networks then give the same is seen by `npm run parity`. */
const fromTimm: Record<string, Record<string, string>> = {
  convnext_tiny: {
    'stem.0.weight': 'features.0.0.weight',
    'stem.1.bias': 'features.0.1.bias',
    'stages.0.blocks.2.gamma': 'features.1.2.layer_scale',
    'stages.3.blocks.1.conv_dw.bias': 'features.7.1.block.0.bias',
    'stages.1.blocks.0.norm.weight': 'features.3.0.block.2.weight',
    'stages.1.blocks.0.mlp.fc1.weight': 'features.3.0.block.3.weight',
    'stages.1.blocks.0.mlp.fc2.weight': 'features.3.0.block.5.weight',
    'stages.2.downsample.0.weight': 'features.4.0.weight',
    'stages.3.downsample.1.weight': 'features.6.1.weight',
    'head.norm.weight': 'classifier.0.weight',
    'head.fc.weight': 'classifier.2.weight',
  },
  efficientnet_b0: {
    'conv_stem.weight': 'features.0.0.weight',
    'bn1.running_var': 'features.0.1.running_var',
    'blocks.0.0.conv_dw.weight': 'features.1.0.block.0.0.weight',
    'blocks.0.0.se.conv_reduce.bias': 'features.1.0.block.1.fc1.bias',
    'blocks.0.0.conv_pw.weight': 'features.1.0.block.2.0.weight',
    'blocks.0.0.bn2.weight': 'features.1.0.block.2.1.weight',
    'blocks.3.1.conv_pw.weight': 'features.4.1.block.0.0.weight',
    'blocks.3.1.conv_dw.weight': 'features.4.1.block.1.0.weight',
    'blocks.3.1.se.conv_expand.weight': 'features.4.1.block.2.fc2.weight',
    'blocks.3.1.conv_pwl.weight': 'features.4.1.block.3.0.weight',
    'blocks.3.1.bn3.bias': 'features.4.1.block.3.1.bias',
    'conv_head.weight': 'features.8.0.weight',
    'bn2.weight': 'features.8.1.weight',
    'classifier.weight': 'classifier.1.weight',
  },
  mnasnet1_0: {
    'conv_stem.weight': 'layers.0.weight',
    'blocks.0.0.conv_pw.weight': 'layers.6.weight',
    'blocks.1.2.conv_dw.weight': 'layers.8.2.layers.3.weight',
    'blocks.6.0.bn3.weight': 'layers.13.0.layers.7.weight',
    'bn2.bias': 'layers.15.bias',
  },
  mobilenet_v2: {
    'blocks.0.0.conv_pw.weight': 'features.1.conv.1.weight',
    'blocks.2.1.conv_dw.weight': 'features.5.conv.1.0.weight',
    'blocks.6.0.bn3.running_mean': 'features.17.conv.3.running_mean',
    'conv_head.weight': 'features.18.0.weight',
  },
  regnet_y_400mf: {
    'stem.conv.weight': 'stem.0.weight',
    's1.b1.downsample.conv.weight': 'trunk_output.block1.block1-0.proj.0.weight',
    's3.b2.conv2.conv.weight': 'trunk_output.block3.block3-1.f.b.0.weight',
    's3.b2.conv3.bn.weight': 'trunk_output.block3.block3-1.f.c.1.weight',
    's4.b6.se.fc2.bias': 'trunk_output.block4.block4-5.f.se.fc2.bias',
    'head.fc.bias': 'fc.bias',
  },
  swin_t: {
    'patch_embed.proj.bias': 'features.0.0.bias',
    'patch_embed.norm.weight': 'features.0.2.weight',
    'layers.0.blocks.1.attn.relative_position_bias_table': 'features.1.1.attn.relative_position_bias_table',
    'layers.2.blocks.5.mlp.fc2.weight': 'features.5.5.mlp.3.weight',
    'layers.1.downsample.reduction.weight': 'features.2.reduction.weight',
    'layers.3.downsample.norm.weight': 'features.6.norm.weight',
    'norm.weight': 'norm.weight',
    'head.fc.weight': 'head.weight',
  },
  vit_b_32: {
    cls_token: 'class_token',
    pos_embed: 'encoder.pos_embedding',
    'patch_embed.proj.weight': 'conv_proj.weight',
    'blocks.11.norm1.weight': 'encoder.layers.encoder_layer_11.ln_1.weight',
    'blocks.1.attn.qkv.weight': 'encoder.layers.encoder_layer_1.self_attention.in_proj_weight',
    'blocks.1.attn.qkv.bias': 'encoder.layers.encoder_layer_1.self_attention.in_proj_bias',
    'blocks.1.attn.proj.weight': 'encoder.layers.encoder_layer_1.self_attention.out_proj.weight',
    'blocks.1.mlp.fc1.weight': 'encoder.layers.encoder_layer_1.mlp.0.weight',
    'norm.bias': 'encoder.ln.bias',
    'head.weight': 'heads.head.weight',
  },
};

describe('names that PyTorch’s libraries give tensors', () => {
  const tensor = (shape: number[]): Tensor => ({
    shape,
    values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 251),
  });
  const renamed = (model: string, names: string[]): string[] => [
    ...fromLibraries(model, new Map(names.map((name) => [name, { shape: [4] }]))).keys(),
  ];
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-names-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, names] of Object.entries(fromTimm))
    it(`timm’s are known as a file is loaded into ${name}; torchvision’s stay as they are`, async () => {
      const model = await construct(name, { inputShape: [64, 64] }, { blank: true });
      const own = new Map([...model.parameters()].map(([n, { shape }]) => [n, shape]));
      assert.deepEqual(renamed(name, [...own.keys()]), [...own.keys()]);
      const state: Dict = {};
      for (const [theirs, ours] of Object.entries(names)) {
        const shape = own.get(ours)!;
        state[theirs] = tensor(theirs.endsWith('gamma') ? [shape[0]] : shape);
      }
      const path = join(folder, `${name}.pth`);
      writeFileSync(path, torchFile({ state_dict: state }));
      const { taken, unexpected, misshapen } = await load(model, path, { strict: false });
      assert.deepEqual([taken, unexpected, misshapen], [Object.keys(names).length, [], []]);
      const loaded = model.stateDict();
      for (const [theirs, ours] of Object.entries(names))
        assert.deepEqual(loaded.get(ours)!.data, (state[theirs] as Tensor).values, ours);
      model.dispose();
    });

  it('timm’s VGGs classify by convolutions', () => {
    const given = {
      'features.3.weight': [4, 4, 3, 3],
      'pre_logits.fc1.weight': [6, 4, 7, 7],
      'head.fc.bias': [2],
    };
    const shapes = Object.entries(given).map(([name, shape]) => [name, { shape }] as const);
    assert.deepEqual(Object.fromEntries(fromLibraries('vgg11', new Map(shapes))), {
      'features.3.weight': { shape: [4, 4, 3, 3] },
      'classifier.0.weight': { shape: [6, 196] },
      'classifier.6.bias': { shape: [2] },
    });
  });

  it('earlier Swins end a stage with its reduction', () => {
    const names = ['layers.0.downsample.reduction.weight', 'layers.2.downsample.norm.bias', 'head.weight'];
    assert.deepEqual(renamed('swin_t', names), [
      'features.2.reduction.weight',
      'features.6.norm.bias',
      'head.weight',
    ]);
  });

  it('torchvision’s of before its modules were renamed are known', () => {
    assert.deepEqual(
      renamed('densenet121', [
        'features.denseblock1.denselayer2.norm.1.weight',
        'features.denseblock1.denselayer2.conv.2.weight',
      ]),
      ['features.denseblock1.denselayer2.norm1.weight', 'features.denseblock1.denselayer2.conv2.weight'],
    );
    assert.deepEqual(
      renamed('vit_b_16', [
        'encoder.layers.encoder_layer_0.mlp.linear_1.weight',
        'encoder.layers.encoder_layer_0.mlp.linear_2.bias',
      ]),
      ['encoder.layers.encoder_layer_0.mlp.0.weight', 'encoder.layers.encoder_layer_0.mlp.3.bias'],
    );
  });

  it('those of timm’s networks that compute something else stay unknown', () => {
    for (const model of ['efficientnet_b5', 'efficientnet_v2_s', 'tf_efficientnet_b0', 'mobilenet_v3_small'])
      assert.deepEqual(renamed(model, ['conv_stem.weight']), ['conv_stem.weight']);
  });
});

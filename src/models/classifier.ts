// A network that classifies: its graph, its parts by name, and its parameters as a PyTorch state dict.

import type * as tfjs from '@tensorflow/tfjs';
import { tf, type Precision, type Trial } from '../compute/index.js';
import { adaptStatistics } from './adapt.js';
import type { Architecture, Design, Graph } from './builder.js';
import { ModelError, nearest } from './errors.js';
import { unwatch, watch } from './forgotten.js';
import { Dropout, isTorchLayer, StochasticDepth, torchValues, type Parameter } from './layers.js';
import { seedFor } from './init.js';
import { layerwise } from './layerwise.js';
import { GlobalMaxPool } from './pooling.js';
import { Scoring } from './scoring.js';
import { stagesOf, type Stage } from './stages.js';
import { fit, toVariable, type FitOptions } from './weights/fit.js';
import type { StateDict } from './weights/stored.js';

/** How a picture becomes the network's input: brought to size, then `(pixel − mean) / std` of values in 0…1, per channel. */
export interface Preprocessing {
  /** Side of the input in pixels that the rest is meant for. */
  size: number;
  /** What the weights were judged with: the shorter side brought to this, then the middle cut out; absent where all is stretched. */
  resize?: number;
  /** Whether inputs are cut so. False gives the network the whole picture, as after a new head, whose classes may show at the border. */
  crop: boolean;
  interpolation: 'bilinear' | 'bicubic';
  /** `bgr` for networks that take blue first, as Keras's VGGs do; `mean` and `std` are in this order. Default: `rgb`. */
  channelOrder?: 'rgb' | 'bgr';
  mean: number[];
  std: number[];
}

/** What a network takes: pictures, or volumes where there are four numbers. */
export type InputShape =
  | [height: number, width: number, channels: number]
  | [depth: number, height: number, width: number, channels: number];
/** A batch of pictures `[batch, height, width, channels]` or volumes `[batch, depth, height, width, channels]`. */
export type InputBatch = tfjs.Tensor4D | tfjs.Tensor5D;

export interface ClassifierFacts {
  name: string;
  classes: string[];
  inputShape: InputShape;
  preprocessing: Preprocessing;
  design: Design;
}

export class Classifier {
  readonly name: string;
  readonly inputShape: InputShape;
  readonly preprocessing: Preprocessing;
  /** Layers whose outputs end the stem and each stage. */
  readonly stages: string[];
  /** The stem and the stages: their layers, channels and reductions, as timm's `feature_info` gives them. */
  readonly stageInfo: Stage[];
  /** The layer that gives the last feature map. */
  readonly featureMap: string;
  /** The architecture's name of its head, with which the names of all layers of another one begin. */
  readonly headPart: string;
  /** What was changed about the architecture when it was created. */
  readonly design: Design;
  /** Layers and stages that `models.features` taps by default. */
  taps: readonly string[] = [];
  /** Heads of the state dict that served its training alone. */
  private readonly auxiliary: string[];
  private output: { classes: string[]; head: string; net: tfjs.LayersModel; scoring: Scoring };

  constructor(facts: ClassifierFacts, graph: Graph, input: tfjs.SymbolicTensor) {
    this.name = facts.name;
    this.inputShape = facts.inputShape;
    this.preprocessing = facts.preprocessing;
    this.stages = graph.stages;
    this.featureMap = graph.featureMap ?? graph.stages[graph.stages.length - 1];
    this.headPart = graph.head;
    this.design = facts.design;
    this.auxiliary = graph.auxiliary ?? [];
    const net = tf.model({ inputs: input, outputs: graph.logits });
    this.output = { classes: facts.classes, head: graph.head, net, scoring: new Scoring(net) };
    this.stageInfo = stagesOf(net.layers, graph.stages);
    watch(this, this.net);
  }

  /** Names of the classes; none where the network was created without a head. */
  get classes(): string[] {
    return this.output.classes;
  }

  /** The layer that classifies; '' where there is none. */
  get head(): string {
    return this.output.head;
  }

  /** Input `[batch, …inputShape]`, output logits `[batch, classes]`. */
  get net(): tfjs.LayersModel {
    return this.output.net;
  }

  /**
   * Puts other layers in the place of the head, the last of which classifies; the old one's parameters are freed. Without
   * layers and classes the network gives the features that the head took.
   */
  setHead(layers: tfjs.layers.Layer[], classes: string[]): void {
    if (!this.head)
      throw new ModelError('option', `${this.name} was created without a head; create it with its classes.`);
    this.output.scoring.dispose();
    this.preprocessing.crop = false;
    const old = this.layer(this.head);
    let logits = old.input as tfjs.SymbolicTensor;
    for (const layer of layers) logits = layer.apply(logits) as tfjs.SymbolicTensor;
    // what follows a head of 1 × 1 convolutions: layers without parameters, of one input each
    for (const after of this.net.layers.slice(this.net.layers.indexOf(old) + 1))
      logits = again(after).apply(logits) as tfjs.SymbolicTensor;
    const net = tf.model({ inputs: this.net.inputs, outputs: logits });
    const head = layers.at(-1)?.name ?? '';
    this.output = { classes, head, net, scoring: new Scoring(net, head !== '') };
    watch(this, this.net);
    old.dispose();
  }

  /** Names of all layers, from the input on. */
  layerNames(): string[] {
    return this.net.layers.map((l) => l.name);
  }

  /**
   * A layer by its name, or the one that ends a stage (`stem`, `stage1` …).
   * @throws ModelError `unknown-layer`, with the nearest names
   */
  layer(name: string): tfjs.layers.Layer {
    const named = (name: string): tfjs.layers.Layer | undefined =>
      this.net.layers.find((l) => l.name === name);
    const stage = this.stageInfo.find((s) => s.name === name);
    const found = named(name) ?? (stage && named(stage.layer));
    if (found) return found;
    const names = [...this.layerNames(), ...this.stageInfo.map((s) => s.name)];
    throw new ModelError(
      'unknown-layer',
      `${this.name} has no layer "${name}". Nearest: ${nearest(name, names).join(', ')}; its stages end at ${this.stageInfo.map((s) => `${s.layer} (${s.name})`).join(', ')}.`,
    );
  }

  /**
   * The network on a batch, layer by layer; `hook` sees the output of each layer and may put another in its place.
   * Call it within tf.tidy.
   * @param x `[batch, …inputShape]`, preprocessed
   */
  run(x: InputBatch, hook: (layer: string, output: tfjs.Tensor) => tfjs.Tensor = (_, y) => y): tfjs.Tensor2D {
    return layerwise(this.net.layers, { name: this.net.inputs[0].name, value: x }, (layer, given) =>
      hook(layer.name, layer.call(given, { training: false }) as tfjs.Tensor),
    ) as tfjs.Tensor2D;
  }

  /**
   * The outputs of intermediate layers, in the order of `names`, and the logits.
   * @param x `[batch, …inputShape]`, preprocessed
   * @throws ModelError `unknown-layer`
   */
  tap(x: InputBatch, names: readonly string[]): { taps: tfjs.Tensor[]; logits: tfjs.Tensor2D } {
    const layers = names.map((name) => this.layer(name).name);
    const found = new Map<string, tfjs.Tensor>();
    const all = tf.tidy(() => {
      const logits = this.run(x, (layer, y) => {
        if (layers.includes(layer)) found.set(layer, y);
        return y;
      });
      return [...layers.map((n) => tf.clone(found.get(n)!)), logits];
    });
    return { taps: all.slice(0, -1), logits: all[all.length - 1] as tfjs.Tensor2D };
  }

  /** Parameters by their full PyTorch names, in state-dict order. */
  parameters(): Map<string, Parameter> {
    const out = new Map<string, Parameter>();
    // net.layers are in topological order; a state dict's order is that of creation, which ids follow
    for (const layer of [...this.net.layers].sort((a, b) => a.id - b.id))
      if (isTorchLayer(layer))
        for (const p of layer.parameters()) out.set(p.name ? `${layer.name}.${p.name}` : layer.name, p);
    return out;
  }

  /** Whether a state dict's tensor is one that the network doesn't compute with: a count, an index, a mask, an auxiliary head. */
  isUnused(name: string): boolean {
    return (
      /(^|\.)(num_batches_tracked|n_averaged|relative_position_index|attn_mask|total_ops|total_params)$/.test(
        name,
      ) || this.auxiliary.some((head) => name.startsWith(`${head}.`))
    );
  }

  /** A copy of all parameters, in PyTorch's layout. */
  stateDict(): StateDict {
    const out: StateDict = new Map();
    for (const [name, p] of this.parameters()) out.set(name, { shape: p.shape, data: torchValues(p) });
    return out;
  }

  /**
   * Takes parameters from a state dict in memory; `models.load` takes them from a file.
   * @throws MisfitError with every missing, unexpected and wrongly shaped name; the model is unchanged then
   */
  loadState(state: StateDict, options: FitOptions = {}): void {
    for (const { parameter: p, from, change } of fit(this, state, 'torch', options).take) {
      const { data } = state.get(from)!;
      const t = toVariable(p, change ? change(data) : data, 'torch');
      p.variable.write(t);
      t.dispose();
    }
  }

  /**
   * Probabilities `[batch][class]` of preprocessed pictures or volumes, in batches; features where there is no head.
   * @throws ModelError `option` when x is no batch of them with the model's channels; ComputeError `device` where bfloat16 can't be had
   */
  predict(
    x: InputBatch,
    { batch = 32, precision }: { batch?: number; precision?: Precision } = {},
  ): Float32Array[] {
    if (x.rank !== this.inputShape.length + 1 || x.shape.at(-1) !== this.inputShape.at(-1))
      throw new ModelError(
        'option',
        `x is [${x.shape.join(', ')}]; ${this.name} takes [batch, ${this.inputShape.join(', ')}].`,
      );
    const out: Float32Array[] = [];
    for (let i = 0; i < x.shape[0]; i += batch) {
      const n = Math.min(batch, x.shape[0] - i);
      const part = tf.slice(x, i, n);
      const scores = this.output.scoring.scores(part, precision);
      part.dispose();
      const flat = scores.dataSync() as Float32Array;
      scores.dispose();
      for (let k = 0; k < n; k++) out.push(flat.slice((k * flat.length) / n, ((k + 1) * flat.length) / n));
    }
    return out;
  }

  /** Tries which precision predicts batches like this one more quickly; it takes a few batches' time. */
  trial(x: InputBatch, coarse: Precision, signal?: AbortSignal): Promise<Trial> {
    return this.output.scoring.trial(x, coarse, signal);
  }

  /** Frees all parameters. Those of a network that nothing names any more are freed when the next one is created. */
  dispose(): void {
    unwatch(this);
    this.output.scoring.dispose();
    this.net.dispose();
  }
}

/** A layer like another one. */
function again(layer: tfjs.layers.Layer): tfjs.layers.Layer {
  const kind = layer.constructor as unknown as new (config: unknown) => tfjs.layers.Layer;
  return new kind(layer.getConfig());
}

/** Builds an architecture into a classifier. */
export function build(
  name: string,
  architecture: Architecture,
  options: { classes: string[]; inputShape: InputShape; seed: number; design?: Design },
): Classifier {
  const { inputShape, design = {} } = options;
  const channels = inputShape.at(-1)!;
  const input = tf.input({ shape: inputShape, name: `input_${seedFor(counter++, name)}` });
  const graph = architecture.build(input, {
    classes: options.classes.length,
    seed: options.seed,
    ...design,
  });
  const model = new Classifier(
    {
      name,
      classes: options.classes,
      inputShape,
      preprocessing: {
        size: architecture.size,
        crop: false,
        interpolation: 'bilinear',
        mean: adaptStatistics(architecture.mean, channels),
        std: adaptStatistics(architecture.std, channels),
      },
      design,
    },
    graph,
    input,
  );
  try {
    checkDesign(model, design);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** That the architecture has what was to be changed about it. */
function checkDesign({ name, net }: Classifier, { dropout, dropPath, pool }: Design): void {
  const has = (kind: unknown): boolean => net.layers.some((layer) => layer.constructor === kind);
  const refuse = (what: string, why: string): never => {
    throw new ModelError('option', `${what} can't be set for ${name}: ${why}.`);
  };
  if (pool && pool !== 'avg' && !has(GlobalMaxPool))
    refuse('pool', 'its head does not take one number a channel of the last feature map');
  if (dropPath && !has(StochasticDepth)) refuse('dropPath', 'the architecture defines no stochastic depth');
  if (dropout && !has(Dropout)) refuse('dropout', 'the architecture has none before its head');
}
let counter = 0;

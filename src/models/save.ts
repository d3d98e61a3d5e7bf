// A model on disk: one safetensors file with the weights and what is needed to build the network again.

import type { Design } from './builder.js';
import type { Classifier, Preprocessing } from './classifier.js';
import type { CreateOptions } from './create.js';
import { torchValues } from './layers.js';
import { writeSafetensors, type WriteOptions } from './weights/safetensors.js';
import type { StateDict } from './weights/stored.js';

/** What a file says of its model beside the weights. */
export const description = (model: Classifier, facts: Record<string, unknown> = {}): Description => ({
  model: model.name,
  classes: model.classes,
  inputShape: model.inputShape.slice(0, -1) as Description['inputShape'],
  channels: model.inputShape.at(-1)!,
  preprocessing: model.preprocessing,
  design: model.design,
  facts,
});
export interface Description {
  model: string;
  classes: string[];
  inputShape: NonNullable<CreateOptions['inputShape']>;
  channels: number;
  preprocessing: Preprocessing;
  /** What was changed about the architecture; absent in files of earlier versions. */
  design?: Design;
  facts: Record<string, unknown>;
}

/** Writes a model; `facts` are kept beside the weights (what it was trained on, its results). */
export async function save(
  model: Classifier,
  path: string,
  facts: Record<string, unknown> = {},
  options: WriteOptions = {},
): Promise<void> {
  const metadata = { format: 'pt', cellgrad: JSON.stringify(description(model, facts)) };
  await writeSafetensors(path, streamed(model), metadata, options);
}

/** The parameters, each read when its values are asked for. */
const streamed = (model: Classifier): StateDict =>
  new Map(
    [...model.parameters()].map(([name, p]) => [
      name,
      {
        shape: p.shape,
        get data() {
          return torchValues(p);
        },
      },
    ]),
  );

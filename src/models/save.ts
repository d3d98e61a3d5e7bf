// A model on disk: one safetensors file with the weights and what is needed to build the network again.

import { ModelError } from './errors.js';
import type { Classifier, Preprocessing } from './classifier.js';
import { create, type CreateOptions } from './create.js';
import { readSafetensors, writeSafetensors } from './weights/safetensors.js';

/** Writes a model; `facts` are kept beside the weights (what it was trained on, its results). */
export async function save(
  model: Classifier,
  path: string,
  facts: Record<string, unknown> = {},
): Promise<void> {
  await writeSafetensors(path, model.stateDict(), {
    format: 'pt',
    cellgrad: JSON.stringify({
      model: model.name,
      classes: model.classes,
      inputShape: model.inputShape.slice(0, -1),
      channels: model.inputShape.at(-1),
      preprocessing: model.preprocessing,
      facts,
    }),
  });
}

/**
 * Builds the network that a file of `save` describes, with its weights.
 * @throws ModelError `weights` when the file is damaged or not of `save`
 */
export async function load(path: string): Promise<Classifier> {
  const { state, metadata } = await readSafetensors(path);
  if (!metadata.cellgrad)
    throw new ModelError(
      'weights',
      `${path} holds weights but does not say of which network; build it with models.create and use loadState.`,
    );
  const {
    model: name,
    classes,
    inputShape,
    channels,
    preprocessing,
  } = JSON.parse(metadata.cellgrad) as {
    model: string;
    classes: string[];
    inputShape: CreateOptions['inputShape'];
    channels: number;
    preprocessing: Preprocessing;
  };
  const model = await create(name, { classes, inputShape, channels });
  Object.assign(model.preprocessing, preprocessing);
  try {
    model.loadState(state);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

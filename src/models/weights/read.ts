// Tensors of files of weights by name. What reads a format is loaded with the first file of it.

import { readAll, using, type StateDict, type WeightsFile } from './stored.js';

const openAny = async (path: string): Promise<WeightsFile> => (await import('./open.js')).openWeights(path);

async function openTorch(path: string): Promise<WeightsFile> {
  const [torch, { isZip }] = await Promise.all([import('./torch.js'), import('./file-bytes.js')]);
  return torch.openTorch(path, await isZip(path));
}

async function openKeras(path: string): Promise<WeightsFile> {
  const [keras, { isZip }] = await Promise.all([import('./keras.js'), import('./file-bytes.js')]);
  return (await isZip(path)) ? keras.openKerasZip(path) : keras.openKerasH5(path);
}

const openSafetensors = async (path: string): Promise<WeightsFile> =>
  (await import('./safetensors-reader.js')).openSafetensors(path);

/**
 * Reads a file of weights of any format that `models.load` takes, as float32, under the names that the file gives.
 * @returns its tensors; `layout` says whose order of axes they have: PyTorch's kernels are [out, in, height, width], Keras's and
 * TensorFlow.js's [height, width, in, out]
 * @throws ModelError `weights` when it is damaged or hostile
 */
export function readWeights(
  path: string,
): Promise<{ state: StateDict } & Pick<WeightsFile, 'format' | 'layout' | 'metadata'>> {
  return using(path, openAny, async (file) => {
    const { format, layout, metadata } = file;
    return { state: await readAll(file), format, layout, metadata };
  });
}

/**
 * Reads a PyTorch state dict, as float32. Wrappers (`state_dict`, `model`, `module.`, …) are taken off.
 * @param options.key which of a checkpoint's dicts, where it holds more than one: `model_ema`
 * @throws ModelError `weights` when the file is damaged or wants anything that a state dict doesn't need
 */
export function readTorch(path: string, options: { key?: string } = {}): Promise<StateDict> {
  return using(path, openTorch, async (file) => {
    const { unwrap } = await import('./names.js');
    return readAll({ ...file, tensors: unwrap(file.tensors, options) });
  });
}

/**
 * Reads the weights of a Keras file, as float32.
 * @returns `layer.weight`, `layer.bias`, `layer.running_mean`, …, in Keras's layout: kernels are [height, width, in, out], those
 * of dense layers [in, out]
 * @throws ModelError `weights` when it is damaged or of another kind
 */
export function readKeras(path: string): Promise<StateDict> {
  return using(path, openKeras, readAll);
}

/**
 * Reads a safetensors file, F64, F32, F16 and BF16 and whole numbers, all as float32.
 * @returns its tensors, by their names in the file, and what it says about itself
 * @throws ModelError `weights` when it is damaged or of another kind
 */
export function readSafetensors(
  path: string,
): Promise<{ state: StateDict; metadata: Record<string, string> }> {
  return using(path, openSafetensors, async (file) => ({
    state: await readAll(file),
    metadata: file.metadata,
  }));
}

// Opens a file of weights of any format that is read here, known by how it begins.

import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { firstBytes } from './file-bytes.js';
import { fileIn, openShards } from './folder.js';
import { refuse } from './refuse.js';
import { openSafetensors } from './safetensors-reader.js';
import type { WeightsFile } from './stored.js';

/**
 * Opens safetensors, PyTorch, Keras and TensorFlow.js files, an index of shards, or the one of these that a folder holds.
 * Close it when it has been read.
 */
export async function openWeights(path: string): Promise<WeightsFile> {
  if (statSync(path).isDirectory()) return openWeights(fileIn(path));
  const head = (await firstBytes(path, 512)).toString('latin1');
  return /^\s*\{/.test(head) ? openJson(path) : openOne(path);
}

/** Opens a file that is no list of others. */
async function openOne(path: string): Promise<WeightsFile> {
  const text = (await firstBytes(path, 512)).toString('latin1');
  // the readers of the rarer formats are loaded when a file is of theirs
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return openZipped(path);
  if (text.startsWith('\x89HDF\r\n\x1a\n')) return (await import('./keras.js')).openKerasH5(path);
  if (text[8] === '{') return openSafetensors(path);
  if (text.charCodeAt(0) === 0x80 && text.charCodeAt(1) <= 5)
    return (await import('./torch.js')).openTorch(path, false);
  return refuse(otherwise(text, path));
}

async function openZipped(path: string): Promise<WeightsFile> {
  const { Zip } = await import('./zip.js');
  const zip = await Zip.open(path);
  const names = zip.names();
  await zip.close();
  if (names.includes('model.weights.h5')) return (await import('./keras.js')).openKerasZip(path);
  return (await import('./torch.js')).openTorch(path, true);
}

async function openJson(path: string): Promise<WeightsFile> {
  let content: object;
  try {
    content = JSON.parse(await readFile(path, 'utf8')) as object;
  } catch {
    return refuse('it begins as JSON and is none');
  }
  if ('weight_map' in content) return openShards(path, content.weight_map, openOne);
  if ('weightsManifest' in content)
    return (await import('./tfjs.js')).openTfjs(path, content.weightsManifest);
  return refuse('its JSON is neither an index of shards (weight_map) nor a model.json (weightsManifest)');
}

/** What a file is that holds no weights. */
function otherwise(text: string, path: string): string {
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return 'it is a web page; fetch the file itself';
  if (text.startsWith('version https://git-lfs')) return 'it is a pointer of Git LFS; fetch the file itself';
  if (text.slice(257, 262) === 'ustar')
    return 'it is a tar archive, as PyTorch wrote before 0.1.10, or one to unpack';
  if (text.startsWith('\x1f\x8b')) return 'it is gzip; unpack it first';
  if (path.endsWith('.safetensors')) return 'its header does not fit into it';
  return 'it is no file of safetensors, PyTorch, Keras or TensorFlow.js';
}

// Reads one HDF5 file in a thread of its own, which is ended when a damaged file keeps the library busy or breaks it.

import { parentPort, workerData } from 'node:worker_threads';
import { Dataset, File, Group, ready } from 'h5wasm/node';
import type { Contents, Question } from './hdf5.js';

/** Attributes that say how Keras names its weights, long ones cut into several. */
const KERAS = /^(layer_names|weight_names)\d*$|^name$/;
/** Of a metadata's types: whole numbers and floats. */
const [WHOLE, FLOAT] = [0, 1];

const { activate_throwing_error_handler: throwErrors } = await ready;
throwErrors();
const file = new File(workerData as string, 'r');

function contents(): Contents {
  const found: Contents = { datasets: [], attributes: {} };
  for (const path of ['/', ...file.paths().map((p) => `/${p}`)]) {
    const entity = path === '/' ? file : file.get(path);
    if (entity instanceof Dataset) {
      const { type, size, shape, littleEndian } = entity.metadata;
      const numeric = (type === WHOLE || type === FLOAT) && [4, 8].includes(size) && littleEndian;
      found.datasets.push({ path, shape: shape ?? [], numeric });
    } else if (entity instanceof Group) {
      const names = Object.keys(entity.attrs).filter((name) => KERAS.test(name));
      if (names.length)
        found.attributes[path] = Object.fromEntries(names.map((n) => [n, texts(entity.attrs[n].value)]));
    }
  }
  return found;
}

// of an attribute's value; an empty list comes as null, Keras's as an array of no floats
const texts = (value: unknown): string[] =>
  ArrayBuffer.isView(value) ? [] : [value ?? []].flat(2).map(String);

function values(path: string): Float32Array {
  const value = (file.get(path) as Dataset).value;
  if (value instanceof Float32Array) return value;
  if (value instanceof BigInt64Array || value instanceof BigUint64Array)
    return Float32Array.from(value, Number);
  return Float32Array.from(value as ArrayLike<number>);
}

parentPort!.on('message', (question: Question) => {
  try {
    const answer = question === 'contents' ? contents() : question.paths.map(values);
    const moved = Array.isArray(answer) ? answer.map((a) => a.buffer as ArrayBuffer) : [];
    parentPort!.postMessage({ answer }, moved);
  } catch (error) {
    // a trap of WebAssembly may leave the library in any state: the thread ends
    parentPort!.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});

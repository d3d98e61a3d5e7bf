// A thread that makes pieces of batches, and unpacks frames of DICOM files.

import { parentPort } from 'node:worker_threads';
import type { PixelSource } from '../dataset.js';
import { unpackFrame } from '../dicom/codecs.js';
import { failureOf, type Answer, type Kind, type Piece, type Question, type Work } from './messages.js';
import { work } from './work.js';

const sources = new Map<number, Promise<PixelSource>>();

function sourceOf({ source, recipe }: Piece): Promise<PixelSource> {
  let made = sources.get(source);
  if (!made) {
    const { module, make, options } = recipe!;
    made = import(module).then((m: Record<string, (options: unknown) => PixelSource>) => m[make](options));
    sources.set(source, made);
  }
  return made;
}

const doing: { [K in Kind]: (task: Question<K>['task']) => Promise<ReturnType<Work[K]>> } = {
  piece: (piece) => work(piece, () => sourceOf(piece)),
  frame: unpackFrame,
};

async function answer<K extends Kind>({ id, kind, task }: Question<K>): Promise<void> {
  const message = await doing[kind](task).then(
    (result): Answer<K> => ({ id, result }),
    (error): Answer<K> => ({ id, failure: failureOf(0, error) }),
  );
  parentPort!.postMessage(message);
}

parentPort!.on('message', (question: Question) => void answer(question));

// A thread that makes pieces of batches, and unpacks frames of DICOM files.

import { parentPort } from 'node:worker_threads';
import type { PixelSource, Recipe } from '../dataset.js';
import { unpackFrame } from '../dicom/codecs.js';
import { failureOf, type Answer, type Kind, type Question, type Work } from './messages.js';
import { work } from './work.js';

const sources = new Map<number, Promise<PixelSource>>();

function sourceOf(number: number, { module, make, options }: Recipe): Promise<PixelSource> {
  let made = sources.get(number);
  if (!made) {
    made = import(module).then((m: Record<string, (options: unknown) => PixelSource>) => m[make](options));
    sources.set(number, made);
  }
  return made;
}

const doing: { [K in Kind]: (task: Question<K>['task']) => Promise<ReturnType<Work[K]>> } = {
  piece: (piece) => work(piece, (number) => sourceOf(number, piece.recipes.get(number)!)),
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

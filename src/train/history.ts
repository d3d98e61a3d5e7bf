// What training recorded, epoch by epoch.

import type { Precision } from '../compute/index.js';
import type { Row } from '../data/index.js';

/** What an epoch is judged by. */
export type Monitor = 'macroF1' | 'accuracy' | 'auc' | 'loss';
export type Figures = Record<Monitor, number>;

export interface History {
  epochs: number[];
  /** Mean over the epoch's batches. */
  train: Record<string, number[]>;
  /** After the epoch, on the validation films. */
  val: Record<string, number[]>;
  /** The epoch whose state was kept, and the figure that decided. */
  best?: number;
  bestValue?: number;
  monitor: Monitor;
  /** Where weights were averaged: over how many epochs, and the mean's figures on the validation films. */
  swa?: { epochs: number; val: Figures };
  imagesPerSecond: number;
  seconds: number;
  /** What the training was computed in. */
  precision: Precision;
  /** The most memory that the process held. */
  peakBytes: number;
  /** Share of the training's time, 0 to 1, that it waited for batches: near 0 where data are made as quickly as they are used. */
  dataWait: number;
  /** Films that could not be read and were left out, where `onError` is 'skip'. */
  skipped: { row: Row; reason: string }[];
  stopped: 'finished' | 'early';
}

export const emptyHistory = (monitor: Monitor, precision: Precision): History => ({
  monitor,
  epochs: [],
  train: {},
  val: {},
  imagesPerSecond: 0,
  seconds: 0,
  precision,
  peakBytes: 0,
  dataWait: 0,
  skipped: [],
  stopped: 'finished',
});

/** Appends an epoch's figures. */
export function record(
  history: History,
  epoch: number,
  train: Record<string, number>,
  val: Record<string, number>,
): void {
  history.epochs.push(epoch);
  for (const [k, v] of Object.entries(train)) (history.train[k] ??= []).push(v);
  for (const [k, v] of Object.entries(val)) (history.val[k] ??= []).push(v);
}

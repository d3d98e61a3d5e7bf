// How training shows where it stands: one display updated in place in a notebook, a line an epoch elsewhere.

import { liveHtml } from '../plot/index.js';
import type { History } from './history.js';

export interface Standing {
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  imagesPerSecond: number;
  secondsLeft: number;
  history: History;
  ended?: string;
}
export interface TrainingDisplay {
  step(s: Standing): void;
  epoch(s: Standing): void;
  /** The last word, with `ended`. */
  end(s: Standing): void;
}

interface Handle {
  update(content: unknown, options?: object): void;
}
type Display = (content: unknown, options?: object) => Handle;

/** The display for where this runs; `quiet` shows nothing. */
export function trainingDisplay(kind: 'auto' | 'lines' | 'quiet' = 'auto'): TrainingDisplay {
  if (kind === 'quiet') return { step() {}, epoch() {}, end() {} };
  const display = (globalThis as { display?: Display }).display;
  return kind === 'auto' && typeof display === 'function' ? inNotebook(display) : inLines();
}

function inNotebook(display: Display): TrainingDisplay {
  let handle: Handle | undefined;
  let last = 0;
  const show = (s: Standing): void => {
    last = Date.now();
    const bundle = { 'text/html': liveHtml(s), 'text/plain': line(s) };
    if (handle) handle.update(bundle, { raw: true });
    else handle = display(bundle, { raw: true });
  };
  return {
    step(s) {
      if (Date.now() - last > 700) show(s);
    },
    epoch: show,
    end: show,
  };
}

function inLines(): TrainingDisplay {
  let last = Date.now();
  return {
    step(s) {
      if (Date.now() - last < 10_000) return;
      last = Date.now();
      process.stderr.write(
        `epoch ${s.epoch}/${s.epochs}, step ${s.step}/${s.steps}, ${Math.round(s.imagesPerSecond)} images/s\n`,
      );
    },
    epoch(s) {
      last = Date.now();
      process.stderr.write(line(s) + '\n');
    },
    end({ epoch, epochs, ended }) {
      process.stderr.write(`epoch ${epoch}/${epochs}, ${ended}\n`);
    },
  };
}

function line({ epoch, epochs, imagesPerSecond, history }: Standing): string {
  const figures = (of: Record<string, number[]>, prefix: string): string[] =>
    Object.entries(of).map(([k, v]) => `${prefix}${k} ${v[v.length - 1]?.toFixed(4)}`);
  return [
    `epoch ${epoch}/${epochs}`,
    ...figures(history.train, ''),
    ...figures(history.val, 'val '),
    `${Math.round(imagesPerSecond)} images/s`,
  ].join('  ');
}

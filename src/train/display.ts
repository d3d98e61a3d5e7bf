// How training shows where it stands: one display updated in place in a notebook, a line an epoch elsewhere.

import { liveHtml } from '../plot/index.js';
import { inNotebook, show, type Picture, type ShowKind } from '../progress/show.js';
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

/** The display for where this runs; `quiet` shows nothing. */
export function trainingDisplay(kind: ShowKind = 'auto'): TrainingDisplay {
  // outside a notebook a line an epoch is to stay
  const shown = show(kind === 'auto' && !inNotebook() ? 'lines' : kind);
  const picture = (s: Standing, text: (s: Standing) => string): Picture => ({
    html: () => liveHtml(s),
    text: () => text(s),
  });
  return {
    step: (s) => shown.changed(picture(s, stepLine)),
    epoch: (s) => shown.now(picture(s, line)),
    end: (s) => shown.end(picture(s, ({ epoch, epochs, ended }) => `epoch ${epoch}/${epochs}, ${ended}`)),
  };
}

function stepLine({ epoch, epochs, step, steps, imagesPerSecond }: Standing): string {
  return `epoch ${epoch}/${epochs}, step ${step}/${steps}, ${Math.round(imagesPerSecond)} images/s`;
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

// The parts of a data set that a classifier on features takes, and what it says about them.

import type { Dataset } from '../data/index.js';
import type { Report } from '../metrics/index.js';
import type { Classifier } from '../models/index.js';
import { figureTable } from '../table/figures.js';
import { figuresOf, isBetter, type Figures, type Monitor, type Scores } from '../train/index.js';
import { TransferError } from './errors.js';
import { features, type FeatureOptions, type Features } from './features.js';

export interface Parts {
  train: Dataset;
  /** What settings are chosen on. */
  val: Dataset;
  /** What is reported on. Default: the validation films, on which the choice flatters. */
  test?: Dataset;
}

/** What a classifier on features says. A notebook shows its choices as a table. */
export interface Judged<Setting> extends Scores {
  /** The setting that was chosen. */
  best: Setting;
  /** Figures on the validation films by setting. */
  choices: Array<Setting & Figures>;
  /** On the test films, or the validation films where there are none. */
  report: Report;
  loss: number;
}

/** @throws TransferError `data` where the classes differ */
export async function partFeatures(
  model: Classifier,
  { train, val, test }: Parts,
  options: FeatureOptions,
): Promise<Record<'train' | 'val' | 'test', Features>> {
  for (const part of [val, test])
    if (part && part.classes.join('\n') !== train.classes.join('\n'))
      throw new TransferError(
        'data',
        `The classes of ${train.name} (${train.classes.join(', ')}) are not those of ${part.name} (${part.classes.join(', ')}).`,
      );
  const [first, second] = [await features(model, train, options), await features(model, val, options)];
  return { train: first, val: second, test: test ? await features(model, test, options) : second };
}

/** The best choice; where the figure is equal, the one of the lower loss. */
export function chosen<Choice extends Figures>(choices: Choice[], monitor: Monitor): Choice {
  return choices.reduce((best, choice) =>
    isBetter(monitor, choice[monitor], best[monitor]) ||
    (choice[monitor] === best[monitor] && choice.loss < best.loss)
      ? choice
      : best,
  );
}

/** Lets a notebook show the choices as a table. */
export function withTable<T extends Judged<unknown>>(
  judged: T,
  setting: (choice: T['choices'][number]) => string,
  name: string,
): T {
  const head = [name, 'accuracy', 'macro F1', 'AUC', 'loss'];
  const cells = ({ accuracy, macroF1, auc, loss }: Figures): string[] =>
    [accuracy, macroF1, auc, loss].map((v) => v.toFixed(3));
  const rows = judged.choices.map((choice) => [setting(choice), ...cells(choice as Figures)]);
  const caption = `on the validation films; reported: ${cells(figuresOf(judged))
    .map((v, i) => `${head[i + 1]} ${v}`)
    .join(', ')} on ${judged.rows.length} films`;
  return Object.defineProperty(judged, Symbol.for('Jupyter.display'), {
    value: () => figureTable(head, rows, caption),
  });
}

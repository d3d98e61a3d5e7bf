import type * as levenshteins from 'fastest-levenshtein';
import { lazily } from '../lazy.js';

const levenshtein = lazily<typeof levenshteins>('fastest-levenshtein');

/** A model, layer or weights file that can't be had as asked for. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  constructor(
    /** `offline`: weights that can't be fetched; `checksum`: other bytes than expected. */
    readonly code:
      'unknown-model' | 'unknown-layer' | 'option' | 'weights' | 'offline' | 'checksum' | 'export',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The three names nearest to what was typed. */
export function nearest(typed: string, names: readonly string[]): string[] {
  const { distance } = levenshtein();
  const key = (s: string): string => s.toLowerCase();
  return [...names].sort((a, b) => distance(key(a), key(typed)) - distance(key(b), key(typed))).slice(0, 3);
}

/** Names of tensors that do not fit a model. */
export interface Misfits {
  /** Of the model, not in the file. */
  missing: string[];
  /** In the file, not of the model. */
  unexpected: string[];
  /** In both, of another shape. */
  misshapen: Array<{ name: string; shape: number[]; wanted: number[] }>;
}

/** Options of `load`: `both` are adapt and head. */
export type Remedy = 'head' | 'order' | 'adapt' | 'both';

/** Weights of another architecture or head; nothing was changed. */
export class MisfitError extends ModelError {
  /** @param hint the option that would take them */
  constructor(
    model: string,
    readonly misfits: Misfits,
    hint?: Remedy,
  ) {
    const { missing, unexpected, misshapen } = misfits;
    const shape = (s: number[]): string => `[${s.join(', ')}]`;
    const parts = [
      ['missing', missing.join(', ')],
      ['unexpected', unexpected.join(', ')],
      [
        'of another shape',
        misshapen.map((m) => `${m.name} ${shape(m.shape)} instead of ${shape(m.wanted)}`).join(', '),
      ],
    ];
    const said = parts.filter(([, names]) => names).map(([what, names]) => `${what} ${names}`);
    const hints = {
      head: ' Only the head differs: head: false leaves it as it is.',
      order: ' Their shapes agree one by one: order: true takes them by position.',
      adapt:
        ' Only the channels of the first convolution or the size of the position embeddings differ: adapt: true makes them fit.',
      both: ' adapt: true makes the first convolution or the position embeddings fit, head: false leaves the head as it is.',
    };
    super(
      'weights',
      `The weights do not fit ${model}: ${said.join('; ')}. The model is unchanged.${hint ? hints[hint] : ''}`,
    );
  }
}

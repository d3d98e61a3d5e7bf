import { distance } from 'fastest-levenshtein';

/** A model, layer or weights file that can't be had as asked for. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  constructor(
    readonly code: 'unknown-model' | 'unknown-layer' | 'option' | 'weights' | 'export',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The three names nearest to what was typed. */
export function nearest(typed: string, names: readonly string[]): string[] {
  const key = (s: string): string => s.toLowerCase();
  return [...names].sort((a, b) => distance(key(a), key(typed)) - distance(key(b), key(typed))).slice(0, 3);
}

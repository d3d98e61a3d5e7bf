/** A model, layer or weights file that can't be had as asked for. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  constructor(
    readonly code: 'unknown-model' | 'unknown-layer' | 'option' | 'weights',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Edit distance of two words (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1]));
    row = next;
  }
  return row[b.length];
}

/** The three names nearest to what was typed. */
export function nearest(typed: string, names: readonly string[]): string[] {
  const key = (s: string): string => s.toLowerCase();
  return [...names].sort((a, b) => distance(key(a), key(typed)) - distance(key(b), key(typed))).slice(0, 3);
}

// What can be wrong with a data set, said in a sentence that names the place and what to do.

export type DataCode =
  | 'archive'
  | 'licence'
  | 'by-hand'
  | 'offline'
  | 'interrupted'
  | 'disk'
  | 'name'
  | 'manifest'
  | 'column'
  | 'missing'
  | 'image'
  | 'series'
  | 'volume'
  | 'label'
  | 'leak'
  | 'classes'
  | 'empty'
  | 'checksum'
  | 'option'
  | 'frame';

/** What is wrong with a data set, in a sentence with what to do about it; `code` for programs. */
export class DataError extends Error {
  override readonly name = 'DataError';
  /** Where the label's column was not found ('column'): the one that may hold it. */
  readonly label?: string;
  constructor(
    readonly code: DataCode,
    message: string,
    options?: { cause?: unknown; label?: string },
  ) {
    super(message, options);
    if (options?.label !== undefined) this.label = options.label;
  }
}

/** '3 files: a.png, b.png and 1 more': a count, and the first names of a long list. */
export function someOf(names: readonly string[], shown = 3): string {
  const more = names.length - shown;
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A figure was asked for from data it can't be drawn from, or could not be saved. */
export class PlotError extends Error {
  override readonly name = 'PlotError';
  constructor(
    readonly code: 'empty' | 'shape' | 'value' | 'file' | 'option',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

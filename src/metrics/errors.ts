/** A metric was asked for on labels or scores it can't be computed from. */
export class MetricsError extends Error {
  override readonly name = 'MetricsError';
  constructor(
    readonly code: 'length' | 'label' | 'scores' | 'empty',
    message: string,
  ) {
    super(message);
  }
}

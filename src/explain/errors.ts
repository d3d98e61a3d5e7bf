/** An explanation that can't be given as asked for. */
export class ExplainError extends Error {
  override readonly name = 'ExplainError';
  constructor(
    readonly code: 'layer' | 'target',
    message: string,
  ) {
    super(message);
  }
}

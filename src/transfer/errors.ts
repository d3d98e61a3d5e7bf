/** A transfer that can't be done as asked for. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  constructor(
    readonly code: 'option' | 'data' | 'file',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

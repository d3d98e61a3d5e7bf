/** What the compute room can't do, in a sentence with what to do about it; `code` for programs. */
export class ComputeError extends Error {
  override readonly name = 'ComputeError';
  constructor(
    readonly code:
      | 'offline'
      | 'checksum'
      | 'disk'
      | 'cache'
      | 'platform'
      | 'device'
      | 'library'
      | 'op'
      | 'memory'
      | 'index'
      | 'disposed',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Training that can't start or go on. */
export class TrainError extends Error {
  override readonly name = 'TrainError';
  constructor(
    readonly code: 'option' | 'data' | 'nan' | 'memory' | 'interrupted',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

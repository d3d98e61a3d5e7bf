// What a user did that can't be done: shown as one sentence, without a stack.
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** 2: the command line is wrong. 1: the command failed. */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 2,
  ) {
    super(message);
  }
}

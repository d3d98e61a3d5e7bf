// What can keep a notebook from being run, in a sentence; `code` for programs.

export type RunCode = 'notebook' | 'kernel' | 'parameter' | 'start';

export class RunError extends Error {
  override readonly name = 'RunError';
  constructor(
    readonly code: RunCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

// Why a weights file is not taken, in one sentence that names the file.

import { ModelError } from '../errors.js';

/** What is wrong with a file, without its name: `its zip directory is missing`. */
export class Refused extends Error {}

export const refuse = (why: string): never => {
  throw new Refused(why);
};

/**
 * Runs what reads the file at `path`; its errors then say which file it was.
 * @throws ModelError `weights`
 */
export async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const what =
      error instanceof Refused
        ? `was refused: ${message}`
        : code && /^E[A-Z]+$/.test(code)
          ? `can't be read: ${code}`
          : `is damaged: ${message}`;
    throw new ModelError('weights', `The weights file ${path} ${what.replace(/\.$/, '')}.`, { cause: error });
  }
}

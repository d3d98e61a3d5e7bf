// A file that is read in parts, at any place.

import { readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { refuse } from './refuse.js';

/** The system reads no more at once. */
const MOST = 2 ** 30;
/** Waiting for another thread would take longer than reading that little. */
const AT_ONCE = 2 ** 18;

export class FileBytes {
  private constructor(
    private readonly handle: FileHandle,
    readonly size: number,
  ) {}

  static async open(path: string): Promise<FileBytes> {
    const handle = await open(path, 'r');
    try {
      const facts = await handle.stat();
      if (!facts.isFile()) refuse('it is no file');
      return new FileBytes(handle, facts.size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Fills `into` with the bytes from `position` on. */
  async read(into: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < into.length;) {
      const length = Math.min(MOST, into.length - done);
      const read =
        length <= AT_ONCE
          ? readSync(this.handle.fd, into, done, length, position + done)
          : (await this.handle.read(into, done, length, position + done)).bytesRead;
      if (!read) refuse('it ends in the middle');
      done += read;
    }
  }

  /** A copy of a part, shorter where the file ends. */
  async part(position: number, length: number): Promise<Buffer> {
    const out = Buffer.alloc(Math.max(0, Math.min(length, this.size - position)));
    await this.read(out, position);
    return out;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** How a file begins, by which its format is known. */
export async function firstBytes(path: string, length: number): Promise<Buffer> {
  const file = await FileBytes.open(path);
  return file.part(0, length).finally(() => file.close());
}

export const isZip = async (path: string): Promise<boolean> =>
  (await firstBytes(path, 2)).toString('latin1') === 'PK';

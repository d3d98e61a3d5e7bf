// The members of a zip file: read in parts where they are stored as they are, checked against their sums.

import { crc32 } from 'node:zlib';
import type * as Yauzl from 'yauzl';
import { lazily } from '../../lazy.js';
import { FileBytes } from './file-bytes.js';
import { Refused, refuse } from './refuse.js';

const yauzl = lazily<typeof Yauzl>('yauzl');

/** More members than any file of weights has. */
const MOST_MEMBERS = 200_000;
/** Weights don't compress; text does, some tenfold. */
const MOST_SWELLING = 100;

export class Zip {
  private readonly starts = new Map<Yauzl.Entry, number>();

  private constructor(
    private readonly zip: Yauzl.ZipFile,
    private readonly file: FileBytes,
    private readonly members: Map<string, Yauzl.Entry>,
  ) {}

  static async open(path: string): Promise<Zip> {
    const file = await FileBytes.open(path);
    let zip: Yauzl.ZipFile | undefined;
    try {
      zip = await yauzl().openPromise(path, { lazyEntries: true, autoClose: false });
      if (zip.entryCount > MOST_MEMBERS) refuse(`its zip directory lists ${zip.entryCount} members`);
      const members = new Map<string, Yauzl.Entry>();
      for await (const entry of zip.eachEntry()) {
        if (members.has(entry.fileName)) refuse(`it holds ${entry.fileName} twice`);
        if (entry.isEncrypted()) refuse(`${entry.fileName} is encrypted`);
        members.set(entry.fileName, entry);
      }
      return new Zip(zip, file, members);
    } catch (error) {
      zip?.close();
      await file.close();
      if (error instanceof Refused || (error as NodeJS.ErrnoException).code) throw error;
      const { message } = error as Error;
      return refuse(
        /end of central directory/i.test(message)
          ? 'its zip directory is missing; it may not have been fetched whole'
          : `its zip directory is damaged (${message.replace(/\.$/, '')})`,
      );
    }
  }

  get size(): number {
    return this.file.size;
  }
  names(): string[] {
    return [...this.members.keys()];
  }
  /** Unpacked size of a member; undefined where there is none. */
  sizeOf(name: string): number | undefined {
    return this.members.get(name)?.uncompressedSize;
  }

  /** A member's bytes. What would swell far beyond what is stored is refused before it is unpacked. */
  async read(name: string): Promise<Buffer> {
    const entry = this.entry(name);
    const { uncompressedSize: size, compressedSize } = entry;
    if (entry.compressionMethod === 0) {
      const out = Buffer.alloc(this.fits(entry));
      await this.readPart(name, 0, out);
      return out;
    }
    if (size > 1e6 && size > MOST_SWELLING * compressedSize)
      refuse(`${name} would swell from ${compressedSize} to ${size} bytes`);
    const out = Buffer.alloc(size);
    let at = 0;
    for await (const chunk of await this.zip.openReadStreamPromise(entry))
      at += (chunk as Buffer).copy(out, at);
    check(entry, out);
    return out;
  }

  /** Fills `into` with a part of a member. */
  async readPart(name: string, from: number, into: Uint8Array): Promise<void> {
    const entry = this.entry(name);
    if (entry.compressionMethod !== 0) {
      into.set((await this.read(name)).subarray(from, from + into.length));
      return;
    }
    if (from + into.length > this.fits(entry)) refuse(`${name} ends in the middle`);
    let start = this.starts.get(entry);
    if (start === undefined) {
      start = (await this.zip.readLocalFileHeaderPromise(entry, { minimal: true })).fileDataStart;
      this.starts.set(entry, start);
    }
    await this.file.read(into, start + from);
    if (into.length === entry.uncompressedSize) check(entry, into);
  }

  async close(): Promise<void> {
    this.zip.close();
    await this.file.close();
  }

  private entry(name: string): Yauzl.Entry {
    return this.members.get(name) ?? refuse(`it holds no ${name}`);
  }
  /** The size of a member that is stored as it is. */
  private fits(entry: Yauzl.Entry): number {
    return entry.uncompressedSize <= this.file.size
      ? entry.uncompressedSize
      : refuse(`${entry.fileName} does not fit into it`);
  }
}

function check(entry: Yauzl.Entry, bytes: Uint8Array): void {
  if (crc32(bytes) !== entry.crc32) refuse(`the bytes of ${entry.fileName} do not match their checksum`);
}

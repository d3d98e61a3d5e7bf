// The members of a 7z file, by libarchive as WebAssembly, which wants the whole archive in memory.

import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { ArchiveReader } from 'libarchive-wasm';
import { DataError } from '../errors.js';
import { bytesText } from './bytes.js';
import type { Member } from './unpack.js';

/** Bytes of the largest archive: WebAssembly has 2 GiB for it and the dictionary. */
const most = 1.5e9;
const chunk = 1 << 20;
const mark = Buffer.from('7z\xbc\xaf\x27\x1c', 'latin1');
/** Mark, version, sum, and where the table of the members is. */
const head = 32;

/** One member after the other; errors of the archive are thrown as they are. Throws DataError 'by-hand' for a sound one that it can't read. */
export async function* readSevenZip(archive: string): AsyncGenerator<Member> {
  const { size } = await stat(archive);
  if (size > most) throw byHand(archive, `has ${bytesText(size)}, and ${bytesText(most)} is the most`);
  const bytes = await readFile(archive);
  check(bytes);
  const { ArchiveReader, libarchiveWasm } = await import('libarchive-wasm');
  const library = await libarchiveWasm();
  const reader = new ArchiveReader(library, new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  try {
    for (let entry = reader.nextEntry(); entry; entry = reader.nextEntry()) {
      const path = entry.getPathname();
      if (entry.isEncrypted()) throw byHand(archive, 'is encrypted');
      // what the library makes of letters that it doesn't know
      if (path.includes('*'))
        throw byHand(archive, `has a name with other letters than English ones (${path})`);
      const type = entry.getFiletype();
      yield {
        path,
        kind: type === 'Directory' ? 'folder' : type === 'File' ? 'file' : 'other',
        size: entry.getSize(),
        open: async () => Readable.from(content(reader, archive), { objectMode: false }),
      };
    }
    const why = library.error_string(reader.archive);
    if (reader.hasEncryptedData()) throw byHand(archive, 'is encrypted');
    if (why) throw new Error(why);
  } finally {
    reader.free();
  }
}

/** The bytes of the member that was read last. */
function* content(reader: ArchiveReader, archive: string): Generator<Buffer> {
  for (;;) {
    let part: Int8Array;
    try {
      part = reader.readData(chunk);
    } catch (error) {
      const { message } = error as Error;
      throw /unsupported/i.test(message) ? byHand(archive, `is packed in another way (${message})`) : error;
    }
    if (part.length === 0) return;
    yield Buffer.from(part.buffer, part.byteOffset, part.length);
  }
}

/** Throws where the table of the members isn't whole, which the library takes for an archive without any. */
function check(bytes: Buffer): void {
  if (bytes.length < head || !bytes.subarray(0, mark.length).equals(mark))
    throw new Error('it has no 7z mark');
  if (crc32(bytes.subarray(12, head)) !== bytes.readUInt32LE(8))
    throw new Error('its first bytes are damaged');
  const from = head + Number(bytes.readBigUInt64LE(12));
  const table = bytes.subarray(from, from + Number(bytes.readBigUInt64LE(20)));
  if (crc32(table) !== bytes.readUInt32LE(28))
    throw new Error('the table of what it holds is cut off or damaged');
}

const byHand = (archive: string, why: string): DataError =>
  new DataError(
    'by-hand',
    `${archive} can't be unpacked here, as this 7z file ${why}. Unpack it with another program, such as 7-Zip, and open the folder: data.open(…, { root }).`,
  );

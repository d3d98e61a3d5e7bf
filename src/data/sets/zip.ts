// The members of a zip file.

import type { Readable } from 'node:stream';
import yauzl from 'yauzl';
import type { Member } from './unpack.js';

/** One member after the other; errors of the archive are thrown as they are. */
export async function* readZip(archive: string): AsyncGenerator<Member> {
  const zip = await new Promise<yauzl.ZipFile>((done, fail) =>
    // names are checked by who unpacks, with better words
    yauzl.open(archive, { lazyEntries: true, autoClose: false, decodeStrings: false }, (error, file) =>
      error ? fail(error) : done(file),
    ),
  );
  const next = (): Promise<yauzl.Entry | undefined> =>
    new Promise((done, fail) => {
      const settle = (): void => {
        zip.removeAllListeners('entry').removeAllListeners('end').removeAllListeners('error');
      };
      zip.once('entry', (entry: yauzl.Entry) => (settle(), done(entry)));
      zip.once('end', () => (settle(), done(undefined)));
      zip.once('error', (error) => (settle(), fail(error)));
      zip.readEntry();
    });
  try {
    let last = zip.entryCount === 0;
    for (let read = 0; !last; last = ++read >= zip.entryCount) {
      const entry = await next();
      if (!entry) return;
      const path = nameOf(entry);
      const mode = (entry.externalFileAttributes >>> 16) & 0o170000;
      yield {
        path,
        kind: path.endsWith('/') ? 'folder' : mode === 0 || mode === 0o100000 ? 'file' : 'other',
        size: entry.uncompressedSize,
        open: () => open(zip, entry, path),
      };
    }
  } finally {
    zip.close();
  }
}

function open(zip: yauzl.ZipFile, entry: yauzl.Entry, path: string): Promise<Readable> {
  if (entry.isEncrypted()) throw new Error(`${path} is encrypted`);
  return new Promise((done, fail) =>
    zip.openReadStream(entry, (error, stream) => (error ? fail(error) : done(stream as Readable))),
  );
}

/** UTF-8 where the archive says so or the bytes are; else the old code page 437, whose letters only matter in names. */
function nameOf(entry: yauzl.Entry): string {
  const bytes = entry.fileName as unknown as Buffer;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, bytes, entry.extraFields, true);
  }
}

// The members of a tar file, packed or not, and the one file of a gz.

import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Member } from './unpack.js';

/** One member after the other; errors of the archive are thrown as they are. */
export async function* readTar(archive: string, kind: 'tar' | 'tar.gz' | 'gz'): AsyncGenerator<Member> {
  if (kind === 'gz') {
    yield {
      path: basename(archive).replace(/\.gz$/i, ''),
      kind: 'file',
      open: () => Promise.resolve(content(archive, true)),
    };
    return;
  }
  const { default: tar } = await import('tar-stream');
  const extract = tar.extract();
  const source = content(archive, kind === 'tar.gz');
  source.once('error', (error) => extract.destroy(error));
  source.pipe(extract);
  try {
    for await (const entry of extract) {
      const { name, type, size } = entry.header;
      let opened = false;
      yield {
        path: name,
        kind:
          type === 'directory' ? 'folder' : type === 'file' || type === 'contiguous-file' ? 'file' : 'other',
        size,
        open: () => {
          opened = true;
          // as a stream of Node's own, whose errors reach its pipelines
          return Promise.resolve(Readable.from(entry, { objectMode: false }));
        },
      };
      if (!opened) entry.resume();
    }
  } finally {
    source.destroy();
  }
}

/** The file's bytes, unpacked; an error of either stream is one of the result. */
function content(archive: string, packed: boolean): Readable {
  if (!packed) return createReadStream(archive, { highWaterMark: 1 << 20 });
  const result = new PassThrough();
  pipeline(createReadStream(archive, { highWaterMark: 1 << 20 }), createGunzip(), result).catch(
    (error: Error) => result.destroy(error),
  );
  return result;
}

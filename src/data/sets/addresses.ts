// Where a set's files are looked for: mirrors, then their own addresses; what servers say of them before and send instead.

import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { request } from '../../net/request.js';
import { DataError } from '../errors.js';

/** The bases of CELLGRAD_MIRROR, apart by spaces or commas. */
export const mirrors = (): string[] =>
  (process.env.CELLGRAD_MIRROR ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((base) => base.replace(/\/+$/, ''));

/** A server that wants a login or a form answers with a page in place of the file. */
export async function refusePage(path: string, url: string): Promise<void> {
  let start = '';
  for await (const chunk of createReadStream(path, { end: 511, encoding: 'latin1' })) start += String(chunk);
  if (!/^\s*<(?:!doctype html|html|head|\?xml)/i.test(start)) return;
  await rm(path);
  throw new DataError(
    'checksum',
    `${url} gave a web page in place of the file: a login or a form, perhaps. Open it in a browser, download the file there, and open the set where you unpack it: data.open(name, { root }).`,
  );
}

/** Bytes of the file, as the first server says that has it; 0 where none does. */
export async function sizeAt(addresses: readonly string[], signal?: AbortSignal): Promise<number> {
  for (const address of addresses) {
    const limit = AbortSignal.timeout(10_000);
    try {
      const both = signal ? AbortSignal.any([signal, limit]) : limit;
      const response = await request(address, { method: 'HEAD', signal: both });
      if (response.ok) return Number(response.headers.get('content-length') ?? 0);
    } catch {
      signal?.throwIfAborted();
    }
  }
  return 0;
}

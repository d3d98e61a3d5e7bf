// What servers send in place of a set's file.

import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { DataError } from '../errors.js';

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

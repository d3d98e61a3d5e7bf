// Download of one file: resumed after a break, checked, and put in its place whole.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskError } from './cache.js';
import { ComputeError } from './errors.js';
import { passing, request } from './request.js';

/** Called as bytes arrive; `total` is 0 when the server doesn't say. */
export type OnBytes = (received: number, total: number) => void;

export interface DownloadOptions {
  sha256?: string;
  onProgress?: OnBytes;
  signal?: AbortSignal;
  /** Further tries after a broken connection or a busy server. */
  retries?: number;
  /** Milliseconds without a byte after which a connection counts as broken. */
  idle?: number;
}

function unescape(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % stands for itself
  }
}

/** A URL's credentials belong into a header, and never into a message. */
export function splitCredentials(url: string): { url: string; headers: Record<string, string> } {
  const u = new URL(url);
  if (!u.username && !u.password) return { url, headers: {} };
  const basic = Buffer.from(`${unescape(u.username)}:${unescape(u.password)}`).toString('base64');
  u.username = u.password = '';
  return { url: u.href, headers: { authorization: `Basic ${basic}` } };
}

export async function sha256File(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

class Permanent extends Error {}

/**
 * Downloads `url` to `path`. A broken download leaves `path.partial`, and the next call goes on from there.
 * @throws ComputeError `offline`, `checksum`, `disk` or `cache`
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { signal, sha256 } = options;
  const partial = path + '.partial';
  const shown = splitCredentials(url).url;
  await mkdir(dirname(path), { recursive: true }).catch((e) => {
    throw diskError(e, path);
  });
  const resumed = (await sizeOf(partial)) > 0;
  await receive(url, shown, partial, options);
  if (sha256) {
    const got = await sha256File(partial, signal);
    if (got !== sha256.toLowerCase()) {
      await rm(partial, { force: true });
      // the earlier part may have been of another file: once more from the start
      if (resumed) return download(url, path, options);
      throw new ComputeError(
        'checksum',
        `${shown} arrived damaged or altered: its sha256 is ${got}, expected ${sha256}. It was thrown away; run again, and if this recurs use another index (PIP_INDEX_URL).`,
      );
    }
  }
  await rename(partial, path).catch((e) => {
    throw diskError(e, path);
  });
}

/** Transfers until the file is whole; as long as it grows, a broken connection counts as the first. */
async function receive(url: string, shown: string, partial: string, options: DownloadOptions): Promise<void> {
  const { retries = 4, signal } = options;
  let most = await sizeOf(partial);
  for (let attempt = 0; ; attempt++) {
    try {
      return await transfer(url, partial, options);
    } catch (error) {
      signal?.throwIfAborted();
      const e = diskError(error, partial);
      if (e instanceof ComputeError) throw e;
      const size = await sizeOf(partial);
      if (size > most) [most, attempt] = [size, 0];
      if (error instanceof Permanent || attempt >= retries) {
        const kept = size ? ` The ${size} bytes received are kept, and the next start continues there.` : '';
        throw new ComputeError(
          'offline',
          `${shown} could not be downloaded: ${reason(error)}. Check the network, or set PIP_INDEX_URL to an index that this machine reaches.${kept}`,
          { cause: error },
        );
      }
      await sleep(Math.min(8000, 250 * 2 ** attempt), undefined, { signal });
    }
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (s) => s.size,
    () => 0,
  );

/** Why a request failed, in a few words. */
export function reason(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { code?: string; message?: string } };
  const words: Record<string, string> = {
    ECONNREFUSED: 'the connection was refused',
    ENOTFOUND: 'the host is unknown, or there is no network',
    EAI_AGAIN: 'the host is unknown, or there is no network',
    ENETUNREACH: 'there is no network',
    ECONNRESET: 'the connection broke',
    UND_ERR_SOCKET: 'the connection broke',
    UND_ERR_CONNECT_TIMEOUT: 'the host does not answer',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      'its certificate is not trusted (NODE_EXTRA_CA_CERTS names a file of further ones)',
    SELF_SIGNED_CERT_IN_CHAIN:
      'its certificate is not trusted (NODE_EXTRA_CA_CERTS names a file of further ones)',
  };
  const code = cause?.code;
  return (code && words[code]) || code || cause?.message || message;
}

async function transfer(url: string, partial: string, options: DownloadOptions): Promise<void> {
  const { signal, onProgress, idle = 30_000 } = options;
  let at = await sizeOf(partial);
  const stall = new AbortController();
  const abort = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
  let timer: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Error(`no byte came for ${idle / 1000} s`)), idle);
  };
  alive();
  try {
    const { url: clean, headers } = splitCredentials(url);
    const response = await request(clean, {
      headers: { ...headers, 'accept-encoding': 'identity', ...(at ? { range: `bytes=${at}-` } : {}) },
      signal: abort,
    });
    const answer = `the server answered ${response.status} ${response.statusText}`.trim();
    if (response.status === 416) {
      await response.body?.cancel();
      if (response.headers.get('content-range') === `bytes */${at}`) return; // it was whole already
      await rm(partial, { force: true }); // longer than the file: it belongs to something else
      throw new Error('the server refused to continue');
    }
    if (response.status >= 400 && !passing(response.status)) throw new Permanent(answer);
    if (!response.ok) throw new Error(answer);
    if (response.status !== 206) at = 0;
    const length = Number(response.headers.get('content-length') ?? 0);
    const total = length ? at + length : 0;
    const file = await open(partial, at ? 'a' : 'w');
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        await file.writeFile(chunk);
        at += chunk.length;
        alive();
        onProgress?.(at, total);
      }
    } finally {
      await file.close();
    }
    if (total && at !== total) throw new Error(`the connection ended after ${at} of ${total} bytes`);
  } catch (error) {
    if (stall.signal.aborted) throw stall.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

// Download of one file: resumed after a break, checked, and put in its place whole.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskError } from './cache.js';
import { ComputeError } from './errors.js';

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

/** A URL's credentials belong into a header, and never into a message. */
export function splitCredentials(url: string): { url: string; headers: Record<string, string> } {
  const u = new URL(url);
  if (!u.username && !u.password) return { url, headers: {} };
  const basic = Buffer.from(`${decodeURIComponent(u.username)}:${decodeURIComponent(u.password)}`).toString(
    'base64',
  );
  u.username = u.password = '';
  return { url: u.href, headers: { authorization: `Basic ${basic}` } };
}

export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

class Permanent extends Error {}

/**
 * Downloads `url` to `path`. A broken download leaves `path.partial`, and the next call goes on from there.
 * @throws ComputeError `offline`, `checksum`, `disk` or `cache`
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { retries = 4, signal, sha256 } = options;
  const partial = path + '.partial';
  const shown = splitCredentials(url).url;
  await mkdir(dirname(path), { recursive: true }).catch((e) => {
    throw diskError(e, path);
  });
  for (let attempt = 0; ; attempt++) {
    try {
      await transfer(url, partial, options);
      break;
    } catch (error) {
      signal?.throwIfAborted();
      const e = diskError(error, partial);
      if (e instanceof ComputeError) throw e;
      if (error instanceof Permanent || attempt >= retries) {
        const why = error instanceof Permanent ? error.message : reason(error);
        throw new ComputeError(
          'offline',
          `${shown} could not be downloaded: ${why}. Check the network, or set PIP_INDEX_URL to an index that this machine reaches; what was received is kept and continued.`,
          { cause: error },
        );
      }
      await sleep(Math.min(8000, 250 * 2 ** attempt), undefined, { signal });
    }
  }
  if (sha256) {
    const got = await sha256File(partial);
    if (got !== sha256.toLowerCase()) {
      await rm(partial, { force: true });
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

function reason(error: unknown): string {
  const e = error as Error & { cause?: { code?: string; message?: string } };
  return e.cause?.code ?? e.cause?.message ?? e.message;
}

async function transfer(url: string, partial: string, options: DownloadOptions): Promise<void> {
  const { signal, onProgress, idle = 30_000 } = options;
  let at = await stat(partial).then(
    (s) => s.size,
    () => 0,
  );
  const stall = new AbortController();
  const abort = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
  let timer = setTimeout(() => {}, 0);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Error(`no byte for ${idle / 1000} s`)), idle);
  };
  alive();
  try {
    const { url: clean, headers } = splitCredentials(url);
    const response = await fetch(clean, {
      headers: { ...headers, 'accept-encoding': 'identity', ...(at ? { range: `bytes=${at}-` } : {}) },
      signal: abort,
    });
    if (response.status === 416) {
      // the partial file is longer than the file: it belongs to something else
      await rm(partial, { force: true });
      throw new Error('the server refused to continue; starting again');
    }
    if (response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429)
      throw new Permanent(`the server answered ${response.status} ${response.statusText}`);
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
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

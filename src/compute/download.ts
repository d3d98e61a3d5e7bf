// Downloads into the cache: what the shared downloader says, with what to do about it here.

import * as net from '../net/download.js';
import { diskError } from './cache.js';
import { ComputeError } from './errors.js';

const advice = {
  offline: 'Check the network, or set PIP_INDEX_URL to an index that this machine reaches.',
  checksum: 'Run again, and if this recurs use another index (PIP_INDEX_URL).',
};

/**
 * As the shared `download`.
 * @throws ComputeError `offline`, `checksum`, `disk` or `cache`
 */
export async function download(url: string, path: string, options: net.DownloadOptions = {}): Promise<void> {
  try {
    await net.download(url, path, options);
  } catch (error) {
    if (error instanceof net.DownloadError)
      throw new ComputeError(error.code, `${error.message} ${advice[error.code]}`, { cause: error });
    options.signal?.throwIfAborted();
    throw diskError(error, `${path}.partial`);
  }
}

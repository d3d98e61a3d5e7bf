// Where files are looked for before their own address, and what a server says of one before it is fetched.

import { request } from './request.js';

/** The bases of CELLGRAD_MIRROR, apart by spaces or commas. */
export const mirrors = (): string[] =>
  (process.env.CELLGRAD_MIRROR ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((base) => base.replace(/\/+$/, ''));

/** Bytes of the file, as the first server says that has it; 0 where none does. */
export async function sizeAt(addresses: readonly string[], signal?: AbortSignal): Promise<number> {
  for (const address of addresses) {
    const response = await head(address, { signal });
    if (response?.ok) return Number(response.headers.get('content-length') ?? 0);
  }
  return 0;
}

/** The answer to a HEAD request, or undefined where none comes within 10 s. */
export async function head(
  address: string,
  { signal, redirect = 'follow' }: { signal?: AbortSignal; redirect?: RequestRedirect } = {},
): Promise<Response | undefined> {
  const limit = AbortSignal.timeout(10_000);
  const both = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    return await request(address, { method: 'HEAD', redirect, signal: both });
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

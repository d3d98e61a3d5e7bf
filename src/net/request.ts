// Requests, by a proxy where the environment names one (HTTPS_PROXY, HTTP_PROXY, NO_PROXY): Node's own fetch does not look. None in offline mode.

import { getProxyForUrl } from 'proxy-from-env';

const agents = new Map<string, unknown>();

/** Whether CELLGRAD_OFFLINE forbids every request. */
export const offline = (): boolean => !['', '0', 'false', 'off'].includes(process.env.CELLGRAD_OFFLINE ?? '');

/** A request that CELLGRAD_OFFLINE forbids. */
export class OfflineError extends Error {
  override readonly name = 'OfflineError';
  constructor() {
    super('CELLGRAD_OFFLINE is set, so nothing is asked of the network');
  }
}

/** Like `fetch`. @throws OfflineError */
export async function request(url: string, init: RequestInit): Promise<Response> {
  if (offline()) throw new OfflineError();
  const proxy = getProxyForUrl(url);
  if (!proxy) return fetch(url, init);
  // loaded only where it is needed
  const undici = await import('undici');
  if (!agents.has(proxy)) agents.set(proxy, new undici.ProxyAgent(proxy));
  return (undici.fetch as unknown as typeof fetch)(url, {
    ...init,
    dispatcher: agents.get(proxy),
  } as RequestInit);
}

/** Whether a request that got this answer may succeed a little later. */
export const passing = (status: number): boolean => status >= 500 || status === 408 || status === 429;

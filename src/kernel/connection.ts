// The connection file: where a front end and its kernel meet.
import { readFileSync } from 'node:fs';
import type { Connection } from './wire.js';

/** Throws an error in one sentence for a file that isn't a connection file. */
export function readConnection(file: string): Connection {
  let parsed: Partial<Connection>;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8')) as Partial<Connection>;
  } catch (cause) {
    throw new Error(`The connection file ${file} can't be read: ${(cause as Error).message}`, { cause });
  }
  for (const key of ['ip', 'shell_port', 'iopub_port', 'stdin_port', 'control_port', 'hb_port'] as const)
    if (parsed?.[key] === undefined) throw new Error(`The connection file ${file} lacks "${key}".`);
  return { transport: 'tcp', key: '', signature_scheme: 'hmac-sha256', ...parsed } as Connection;
}

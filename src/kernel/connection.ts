// The connection file: where a front end and its kernel meet.
import { getHashes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { writeWholeSync } from '../files.js';
import { CHANNELS, type Connection } from './wire.js';

/** A connection that can't be had; the message says why. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** Throws a ConnectionError for a file that says nothing a kernel can follow. */
export function readConnection(file: string): Connection {
  const given = readObject(file);
  const refuse = (what: string): never => {
    throw new ConnectionError(`The connection file ${file} ${what}.`);
  };
  const { transport = 'tcp', ip, key, signature_scheme: scheme } = given;
  if (transport !== 'tcp' && transport !== 'ipc')
    return refuse(`asks for the transport ${JSON.stringify(transport)}; a kernel takes "tcp" or "ipc"`);
  if (transport === 'ipc' && process.platform === 'win32')
    return refuse('asks for the transport "ipc", which Windows does not have; "tcp" works');
  for (const name of ['ip', ...CHANNELS.map(portOf)])
    if (given[name] === undefined) return refuse(`lacks "${name}"`);
  if (typeof ip !== 'string') return refuse(`has the ip ${JSON.stringify(ip)}, which is no text`);
  const ports = new Map<number, string>();
  for (const name of CHANNELS.map(portOf)) {
    const port = given[name];
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65535)
      return refuse(`has the ${name} ${JSON.stringify(port)}, which is no port from 0 to 65535`);
    if (port && ports.has(port)) return refuse(`has ${port} as ${ports.get(port)} and as ${name}`);
    ports.set(port, name);
  }
  // an empty key is Jupyter's word for messages without signatures
  if (typeof (key ?? '') !== 'string') return refuse(`has the key ${JSON.stringify(key)}, which is no text`);
  const algorithm = /^hmac-(.+)$/.exec(String(scheme || 'hmac-sha256'))?.[1];
  if (!algorithm || !getHashes().includes(algorithm))
    return refuse(
      `asks for signatures by ${JSON.stringify(scheme)}; Node has none of them, and "hmac-sha256" is usual`,
    );
  return {
    ...given,
    transport,
    ip: ip || (transport === 'tcp' ? '127.0.0.1' : 'kernel-ipc'),
    key: key ?? '',
    signature_scheme: `hmac-${algorithm}`,
  } as Connection;
}

/** Tells the front end the ports that were chosen where the file had 0. */
export function writePorts(file: string, connection: Connection): void {
  const ports = CHANNELS.map((channel) => [portOf(channel), connection[portOf(channel)]]);
  const content = { ...readObject(file), ...(Object.fromEntries(ports) as object) };
  writeWholeSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

export const portOf = <C extends string>(channel: C): `${C}_port` => `${channel}_port`;

function readObject(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why: Record<string, string> = {
      ENOENT: 'there is no such file',
      EISDIR: 'it is a folder',
      EACCES: 'this user may not read it',
    };
    throw new ConnectionError(`The connection file ${file} can't be read: ${why[code ?? ''] ?? message}.`, {
      cause,
    });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new ConnectionError(
      `The connection file ${file} can't be read: it isn't JSON (${(cause as Error).message}).`,
      { cause },
    );
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new ConnectionError(`The connection file ${file} can't be read: it holds no JSON object.`);
  return content as Record<string, unknown>;
}

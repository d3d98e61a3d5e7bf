// Binds the kernel's sockets where the connection file says.
import { Buffer } from 'node:buffer';
import { lookup } from 'node:dns/promises';
import { existsSync, rmSync } from 'node:fs';
import { connect, isIP } from 'node:net';
import process from 'node:process';
import { ConnectionError, portOf } from './connection.js';
import type { Place } from './served.js';
import { CHANNELS, type Channel, type Connection } from './wire.js';

/** The longest name of a socket in the file system, bytes; what is longer would be cut. */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107;

interface Bindable {
  /** @returns the port */
  listen(place: Place): Promise<number>;
}

/**
 * Returns the connection with the ports that were chosen where it had 0.
 * @throws ConnectionError
 */
export async function bindAll(
  sockets: Record<Channel, Bindable>,
  connection: Connection,
): Promise<Connection> {
  const bound = { ...connection };
  const place = { ...connection, ip: await address(connection) };
  // those that are given first, lest the system choose one of them
  const order = [...CHANNELS].sort((a, b) => Number(!connection[portOf(a)]) - Number(!connection[portOf(b)]));
  for (const channel of order) {
    const socket = sockets[channel];
    bound[portOf(channel)] =
      connection.transport === 'ipc'
        ? await bindFile(socket, channel, place)
        : await bindPort(socket, channel, place);
  }
  return bound;
}

async function bindPort(socket: Bindable, channel: Channel, place: Connection): Promise<number> {
  try {
    return await socket.listen({
      host: place.ip === '*' ? '0.0.0.0' : place.ip,
      port: place[portOf(channel)],
    });
  } catch (cause) {
    throw new ConnectionError(whyNot(cause as NodeJS.ErrnoException, channel, place), { cause });
  }
}

/** A socket in the file system: its "port" is the end of its name. */
async function bindFile(socket: Bindable, channel: Channel, place: Connection): Promise<number> {
  let port = place[portOf(channel)];
  for (let next = 1; !port; next++) if (!existsSync(`${place.ip}-${next}`)) port = next;
  const path = `${place.ip}-${port}`;
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH)
    throw new ConnectionError(
      `The kernel can't listen at ${path} (${portOf(channel)}): its name has ${length} bytes, and a socket's may have ${LONGEST_PATH}; give a shorter "ip".`,
    );
  try {
    // a file that a kernel has left behind when it was killed
    if (existsSync(path) && !(await answers(path))) rmSync(path);
    await socket.listen({ path });
  } catch (cause) {
    throw new ConnectionError(
      `The kernel can't listen at ${path} (${portOf(channel)}): ${(cause as Error).message}.`,
      { cause },
    );
  }
  return port;
}

/** Whether somebody listens at a socket's file; true too where that can't be told. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'));
    socket.once('connect', () => socket.destroy());
  });
}

/** The address of a name, so that what it means is settled once. */
async function address({ transport, ip }: Connection): Promise<string> {
  if (transport === 'ipc' || ip === '*' || isIP(ip)) return ip;
  try {
    return (await lookup(ip)).address;
  } catch (cause) {
    throw new ConnectionError(`The connection file's ip "${ip}" is no address, and no name of one.`, {
      cause,
    });
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException, channel: Channel, place: Connection): string {
  const name = portOf(channel);
  const port = place[name];
  switch (code) {
    case 'EADDRINUSE':
      return `The port ${port} (${name}) is taken by another program, so the kernel can't listen there.`;
    case 'EADDRNOTAVAIL':
    case 'ENODEV':
      return `The connection file's ip ${place.ip} is no address of this machine, so the kernel can't listen there.`;
    case 'EACCES':
      return `This user may not listen on the port ${port} (${name}).`;
    default:
      return `The kernel can't listen on ${place.ip}, port ${port} (${name}): ${message}.`;
  }
}

// Binds the kernel's sockets where the connection file says.
import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Socket } from 'zeromq';
import { ConnectionError, portOf } from './connection.js';
import { CHANNELS, endpoint, type Channel, type Connection } from './wire.js';

type Bindable = Socket & {
  bind(address: string): Promise<void>;
  lastEndpoint: string | null;
  ipv6?: boolean;
};

/**
 * Returns the connection with the ports that were chosen where it had 0.
 * @throws ConnectionError
 */
export async function bindAll(sockets: Record<Channel, Socket>, connection: Connection): Promise<Connection> {
  const bound = { ...connection };
  const place = { ...connection, ip: await address(connection) };
  // those that are given first, lest the system choose one of them
  const order = [...CHANNELS].sort((a, b) => Number(!connection[portOf(a)]) - Number(!connection[portOf(b)]));
  for (const channel of order) {
    const socket = sockets[channel] as Bindable;
    bound[portOf(channel)] =
      connection.transport === 'ipc'
        ? await bindFile(socket, channel, place)
        : await bindPort(socket, channel, place);
  }
  return bound;
}

async function bindPort(socket: Bindable, channel: Channel, place: Connection): Promise<number> {
  const port = place[portOf(channel)];
  if (place.ip.includes(':')) socket.ipv6 = true;
  try {
    await socket.bind(endpoint(place, channel).replace(/:0$/, ':*'));
  } catch (cause) {
    throw new ConnectionError(whyNot(cause as NodeJS.ErrnoException, channel, place), { cause });
  }
  return port || Number(/:(\d+)$/.exec(socket.lastEndpoint ?? '')![1]);
}

/** A socket in the file system: its "port" is the end of its name. */
async function bindFile(socket: Bindable, channel: Channel, place: Connection): Promise<number> {
  let port = place[portOf(channel)];
  for (let next = 1; !port; next++) if (!existsSync(`${place.ip}-${next}`)) port = next;
  try {
    await socket.bind(endpoint({ ...place, [portOf(channel)]: port }, channel));
  } catch (cause) {
    throw new ConnectionError(
      `The kernel can't listen at ${place.ip}-${port} (${portOf(channel)}): ${(cause as Error).message}.`,
      { cause },
    );
  }
  return port;
}

/** ZeroMQ binds to addresses, not to names. */
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

// ZMTP 3.1, what ZeroMQ's sockets speak, with its NULL mechanism (rfc.zeromq.org/spec/37): one connection, either side of it.
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

export type SocketType = 'ROUTER' | 'DEALER' | 'PUB' | 'SUB' | 'REP';

/** Whom a socket of a type may talk to. */
const partners: Record<SocketType, readonly string[]> = {
  ROUTER: ['DEALER', 'REQ', 'ROUTER'],
  DEALER: ['ROUTER', 'REP'],
  PUB: ['SUB', 'XSUB'],
  SUB: ['PUB', 'XPUB'],
  REP: ['REQ', 'DEALER'],
};

/** How long a peer may take to say who it is. */
const HANDSHAKE_MS = 30_000;
/** The longest command of a handshake, bytes, and the longest message. */
const LONGEST = { command: 1 << 16, message: 2 ** 32 - 1 };
/** What a frame takes of a message's length beside its bytes: many empty ones fill the memory too. */
const FRAME_BYTES = 1 << 12;
/** How long a peer that takes nothing is waited for at the end, ms. */
const STALLED_MS = 300;
const GREETING_LENGTH = 64;
const MORE = 1;
const LONG = 2;
const COMMAND = 4;
/** Messages up to this length are copied into one buffer, which is quicker than the system's gathering of many. */
const GATHERED = 1 << 16;

const greeting = ((): Buffer => {
  const bytes = Buffer.alloc(GREETING_LENGTH);
  bytes[0] = 0xff;
  bytes[8] = 1;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes[11] = 1;
  bytes.write('NULL', 12, 'latin1');
  return bytes;
})();

/** A peer that doesn't keep to the protocol: its connection is closed. */
class ProtocolError extends Error {}

export interface PeerEvents {
  /** The handshake is over: messages may be sent. */
  ready?: (peer: Peer) => void;
  message?: (frames: Buffer[], peer: Peer) => void;
  subscribed?: (topic: Buffer, peer: Peer) => void;
  closed?: (peer: Peer) => void;
}

/** One connection, from its greeting on. */
export class Peer {
  /** What the peer calls itself; empty where it has no name. */
  identity: Buffer = Buffer.alloc(0);
  private readonly inbox = new Inbox();
  private state: 'greeting' | 'handshake' | 'ready' = 'greeting';
  private header: { flags: number; size: number } | undefined;
  private frames: Buffer[] = [];
  private received = 0;
  private readonly topics: Buffer[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly socket: Socket,
    private readonly own: { type: SocketType; identity?: string },
    private readonly events: PeerEvents,
  ) {
    this.timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS).unref();
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.timer);
      this.events.closed?.(this);
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        this.inbox.push(chunk);
        this.read();
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        socket.destroy();
      }
    });
    socket.write(greeting);
  }

  /** Sends a message; lost where the connection has ended. */
  send(frames: readonly Uint8Array[]): void {
    const { socket } = this;
    if (socket.destroyed || !socket.writable) return;
    const size = frames.reduce((sum, { length }) => sum + length + 9, 0);
    const last = frames.length - 1;
    if (size <= GATHERED) {
      const bytes = Buffer.allocUnsafe(size);
      let at = 0;
      frames.forEach((frame, i) => {
        at = writeHeader(bytes, at, i < last ? MORE : 0, frame.length);
        bytes.set(frame, at);
        at += frame.length;
      });
      socket.write(bytes.subarray(0, at));
      return;
    }
    socket.cork();
    frames.forEach((frame, i) => {
      socket.write(headerOf(i < last ? MORE : 0, frame.length));
      socket.write(frame);
    });
    socket.uncork();
  }

  subscribe(topic: string): void {
    this.command('SUBSCRIBE', Buffer.from(topic));
  }

  /** Whether the peer has subscribed to what begins so. */
  wants(first: Uint8Array): boolean {
    return this.topics.some(
      (topic) => topic.length <= first.length && !topic.compare(first, 0, topic.length),
    );
  }

  /** Bytes that were sent and have not left. */
  get unsent(): number {
    return this.socket.writableLength;
  }

  /** Ends the connection; resolves when what was sent has left, or the peer takes nothing of it. */
  end(): Promise<void> {
    const { socket } = this;
    socket.setTimeout(STALLED_MS, () => socket.destroy());
    return new Promise((resolve) => socket.end(resolve));
  }

  private command(name: string, data: Uint8Array): void {
    if (this.socket.destroyed || !this.socket.writable) return;
    const body = Buffer.concat([Buffer.from([name.length]), Buffer.from(name, 'latin1'), data]);
    this.socket.write(Buffer.concat([headerOf(COMMAND, body.length), body]));
  }

  private read(): void {
    if (this.state === 'greeting' && !this.greeted()) return;
    for (;;) {
      this.header ??= this.readHeader();
      if (!this.header) return;
      const { flags, size } = this.header;
      const body = this.inbox.take(size);
      if (!body) return;
      this.header = undefined;
      if (flags & COMMAND) this.onCommand(body);
      else if (this.state !== 'ready') throw new ProtocolError('a message before the handshake');
      else this.onFrame(body, Boolean(flags & MORE));
    }
  }

  private greeted(): boolean {
    const { inbox } = this;
    if (inbox.length > 0 && inbox.first !== 0xff) throw new ProtocolError('not ZMTP');
    const bytes = inbox.take(GREETING_LENGTH);
    if (!bytes) return false;
    const mechanism = bytes.toString('latin1', 12, 32).replace(/\0+$/, '');
    if ((bytes[9] & 1) === 0 || bytes[10] < 3 || mechanism !== 'NULL')
      throw new ProtocolError('a version or mechanism that is not spoken here');
    this.state = 'handshake';
    const { type, identity = '' } = this.own;
    const named = type === 'DEALER' ? [property('Identity', identity)] : [];
    this.command('READY', Buffer.concat([property('Socket-Type', type), ...named]));
    return true;
  }

  private readHeader(): { flags: number; size: number } | undefined {
    const { inbox } = this;
    if (inbox.length === 0) return undefined;
    const flags = inbox.first;
    if (flags & ~(MORE | LONG | COMMAND) || (flags & COMMAND && flags & MORE))
      throw new ProtocolError('flags that have no meaning');
    const bytes = inbox.take(flags & LONG ? 9 : 2);
    if (!bytes) return undefined;
    const size = flags & LONG ? Number(bytes.readBigUInt64BE(1)) : bytes[1];
    if (size > (flags & COMMAND ? LONGEST.command : LONGEST.message - this.received))
      throw new ProtocolError('too long');
    return { flags, size };
  }

  private onFrame(body: Buffer, more: boolean): void {
    if (this.own.type === 'PUB') return this.onSubscription(body[0], body.subarray(1));
    this.frames.push(body);
    this.received += body.length + FRAME_BYTES;
    if (more) return;
    const { frames } = this;
    this.frames = [];
    this.received = 0;
    this.events.message?.(frames, this);
  }

  private onCommand(body: Buffer): void {
    const end = 1 + (body[0] ?? 0);
    const name = body.toString('latin1', 1, end);
    const data = body.subarray(end);
    if (this.state === 'handshake') {
      if (name !== 'READY') throw new ProtocolError('no READY');
      const { 'socket-type': type, identity } = propertiesOf(data);
      if (!type || !partners[this.own.type].includes(type.toString('latin1')))
        throw new ProtocolError('a socket of another kind');
      if (identity?.[0] === 0) throw new ProtocolError('a name of those that a router gives');
      // a copy: it outlives what it came with
      if (identity) this.identity = Buffer.from(identity);
      this.state = 'ready';
      clearTimeout(this.timer);
      this.events.ready?.(this);
    } else if (name === 'PING') this.command('PONG', data.subarray(2));
    else if (name === 'SUBSCRIBE') this.onSubscription(1, data);
    else if (name === 'CANCEL') this.onSubscription(0, data);
    else if (name === 'ERROR') throw new ProtocolError('the peer refuses');
  }

  private onSubscription(what: number, topic: Buffer): void {
    if (what === 1) {
      this.topics.push(Buffer.from(topic));
      this.events.subscribed?.(topic, this);
    } else if (what === 0) {
      const at = this.topics.findIndex((each) => each.equals(topic));
      if (at >= 0) this.topics.splice(at, 1);
    }
  }
}

/** Bytes that have come and were not yet taken. */
class Inbox {
  length = 0;
  private chunks: Buffer[] = [];

  get first(): number {
    return this.chunks[0][0];
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.length += chunk.length;
  }

  /** So many bytes; undefined while fewer are here. */
  take(size: number): Buffer | undefined {
    if (this.length < size) return undefined;
    if (size === 0) return Buffer.alloc(0);
    let [head] = this.chunks;
    if (head.length < size) {
      head = Buffer.concat(this.chunks);
      this.chunks = [head];
    }
    this.length -= size;
    if (head.length === size) this.chunks.shift();
    else this.chunks[0] = head.subarray(size);
    return head.subarray(0, size);
  }
}

function writeHeader(bytes: Buffer, at: number, flags: number, size: number): number {
  if (size < 256) {
    bytes[at] = flags;
    bytes[at + 1] = size;
    return at + 2;
  }
  bytes[at] = flags | LONG;
  bytes.writeBigUInt64BE(BigInt(size), at + 1);
  return at + 9;
}

function headerOf(flags: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  return bytes.subarray(0, writeHeader(bytes, 0, flags, size));
}

function property(name: string, value: string): Buffer {
  const data = Buffer.from(value);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name, 'latin1'), size, data]);
}

/** By their names in small letters. */
function propertiesOf(data: Buffer): Record<string, Buffer> {
  const found: Record<string, Buffer> = {};
  for (let at = 0; at < data.length;) {
    const start = at + 1 + data[at] + 4;
    if (start > data.length) throw new ProtocolError('properties cut short');
    const name = data.toString('latin1', at + 1, start - 4).toLowerCase();
    at = start + data.readUInt32BE(start - 4);
    if (at > data.length) throw new ProtocolError('properties cut short');
    found[name] = data.subarray(start, at);
  }
  return found;
}

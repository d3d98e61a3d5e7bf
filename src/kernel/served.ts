// The sockets a kernel listens with: each takes the connections of many front ends.
import { Buffer } from 'node:buffer';
import { createServer, type Server, type Socket } from 'node:net';
import { Peer, type SocketType } from './zmtp.js';

/** Where to listen: a port of an address (0: any free one), or a socket in the file system. */
export type Place = { host: string; port: number } | { path: string };

/**
 * Bytes that a front end may leave unread: beyond `slow`, who prints should wait for it; beyond `most`, it misses what
 * follows, and beyond `all` small messages too, such as the end of a cell.
 */
const UNREAD = { slow: 2 ** 26, most: 2 ** 29, all: 2 ** 30 };
const SMALL = 2 ** 12;

abstract class Served {
  protected readonly peers = new Set<Peer>();
  private readonly server: Server;

  constructor(type: SocketType) {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket, type));
  }

  /**
   * @returns the port; 0 for a socket in the file system
   * @throws the system's error
   */
  listen(place: Place): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(place, () => {
        this.server.off('error', reject);
        const address = this.server.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  }

  /** Takes no further connections, and ends those that are; resolves when what was sent has left, or no one takes it. */
  async close(): Promise<void> {
    this.server.close();
    await Promise.all([...this.peers].map((peer) => peer.end()));
  }

  private accept(socket: Socket, type: SocketType): void {
    new Peer(
      socket,
      { type },
      {
        ready: (peer) => {
          this.peers.add(peer);
          this.ready?.(peer);
        },
        message: (frames, peer) => this.message?.(frames, peer),
        subscribed: (topic, peer) => this.subscribed?.(topic, peer),
        closed: (peer) => {
          this.peers.delete(peer);
          this.gone?.(peer);
        },
      },
    );
  }

  protected ready?(peer: Peer): void;
  protected message?(frames: Buffer[], peer: Peer): void;
  protected subscribed?(topic: Buffer, peer: Peer): void;
  protected gone?(peer: Peer): void;
}

/** Messages begin with their sender's identity, those that are sent with the receiver's. One that comes again takes the place of the earlier. */
export class Router extends Served {
  private readonly byIdentity = new Map<string, Peer>();
  private unnamed = 0;

  constructor(private readonly take: (frames: Buffer[]) => void) {
    super('ROUTER');
  }

  send([identity, ...frames]: Buffer[]): void {
    this.byIdentity.get(identity.toString('latin1'))?.send(frames);
  }

  protected override ready(peer: Peer): void {
    if (peer.identity.length === 0) {
      // a name that no peer can have chosen: it begins with a zero
      peer.identity = Buffer.alloc(5);
      peer.identity.writeUInt32BE(++this.unnamed, 1);
    }
    this.byIdentity.set(peer.identity.toString('latin1'), peer);
  }

  protected override message(frames: Buffer[], peer: Peer): void {
    this.take([peer.identity, ...frames]);
  }

  protected override gone(peer: Peer): void {
    const name = peer.identity.toString('latin1');
    if (this.byIdentity.get(name) === peer) this.byIdentity.delete(name);
  }
}

/** Messages go to all who have subscribed to what their first frame begins with. */
export class Publisher extends Served {
  constructor(private readonly greet: (topic: Buffer, send: (frames: Buffer[]) => void) => void) {
    super('PUB');
  }

  send(frames: Buffer[]): void {
    const size = frames.reduce((sum, { length }) => sum + length, 0);
    const most = size > SMALL ? UNREAD.most : UNREAD.all;
    for (const peer of this.peers) if (peer.unsent < most && peer.wants(frames[0])) peer.send(frames);
  }

  /** Whether a front end, though it reads, is far behind. */
  get behind(): boolean {
    return [...this.peers].some(({ unsent }) => unsent > UNREAD.slow && unsent < UNREAD.most);
  }

  protected override subscribed(topic: Buffer, peer: Peer): void {
    this.greet(Buffer.from(topic), (frames) => peer.send(frames));
  }
}

/** Sends back what comes: the heartbeat. */
export class Echo extends Served {
  constructor() {
    super('REP');
  }

  protected override message(frames: Buffer[], peer: Peer): void {
    if (peer.unsent < UNREAD.slow) peer.send(frames);
  }
}

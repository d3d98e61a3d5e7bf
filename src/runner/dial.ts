// A front end's side of a kernel's socket: connects, again and again until the kernel listens, and sends what has waited.
import type { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { Peer, type SocketType } from '../kernel/zmtp.js';

/** Between two tries, ms. */
const AGAIN_MS = 20;

export class Dial {
  private peer: Peer | undefined;
  private ready = false;
  private closed = false;
  private waiting: Buffer[][] = [];

  /**
   * @param type `SUB` subscribes to everything
   * @param take is called with each message
   */
  constructor(
    private readonly place: { host: string; port: number },
    private readonly type: Extract<SocketType, 'DEALER' | 'SUB'>,
    private readonly take: (frames: Buffer[]) => void,
  ) {
    this.connect();
  }

  /** Sends, at once or when there is a connection. A kernel that has died takes nothing. */
  send(frames: Buffer[]): void {
    if (this.ready) this.peer!.send(frames);
    else this.waiting.push(frames);
  }

  close(): void {
    this.closed = true;
    void this.peer?.end();
  }

  private connect(): void {
    if (this.closed) return;
    this.peer = new Peer(
      connect(this.place),
      { type: this.type },
      {
        ready: (peer) => {
          this.ready = true;
          if (this.type === 'SUB') peer.subscribe('');
          for (const frames of this.waiting) peer.send(frames);
          this.waiting = [];
        },
        message: this.take,
        closed: () => {
          this.ready = false;
          setTimeout(() => this.connect(), AGAIN_MS).unref();
        },
      },
    );
  }
}

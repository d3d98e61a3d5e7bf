// Comms: named channels between objects in the kernel and their counterparts in the front end, such as widgets.
import { randomUUID } from 'node:crypto';
import { currentCell } from './origin.js';
import type { Json } from './wire.js';

/** What travels over a comm. */
export interface CommMessage {
  data: Json;
  metadata: Json;
  buffers: Uint8Array[];
}
/** What a handler may return: its message has been handled, the next may come, and yet an interrupt ends its work. */
export interface Background {
  background: Promise<unknown>;
}
type Extra = Partial<Omit<CommMessage, 'data'>>;

/** One end of a channel. */
export interface Comm {
  readonly id: string;
  readonly target: string;
  send(data: Json, extra?: Extra): void;
  close(data?: Json): void;
  onMessage(take: (message: CommMessage) => unknown): void;
  onClose(take: (message: CommMessage) => unknown): void;
}

/** What a kernel offers its cells and their modules as `globalThis[Symbol.for('cellgrad.comms')]`. */
export interface Comms {
  /** Opens a comm; the front end must know its target. */
  open(target: string, data?: Json, extra?: Extra & { id?: string }): Comm;
  /** From now on comms that a front end opens to this target are given to `take`. */
  target(name: string, take: (comm: Comm, message: CommMessage) => unknown): void;
}

type Publish = (
  cell: number,
  type: string,
  content: Json,
  extra: { metadata?: Json; buffers?: Uint8Array[] },
) => void;

class End implements Comm {
  closed = false;
  message: ((message: CommMessage) => unknown) | undefined;
  end: ((message: CommMessage) => unknown) | undefined;

  constructor(
    readonly id: string,
    readonly target: string,
    private readonly post: (type: string, content: Json, extra?: Extra) => void,
    private readonly forget: () => void,
  ) {}

  send(data: Json, extra?: Extra): void {
    if (this.closed) throw new Error(`The comm to ${this.target} has been closed.`);
    this.post('comm_msg', { data }, extra);
  }
  close(data: Json = {}): void {
    if (this.closed) return;
    this.closed = true;
    this.forget();
    this.post('comm_close', { data });
  }
  onMessage(take: (message: CommMessage) => unknown): void {
    this.message = take;
  }
  onClose(take: (message: CommMessage) => unknown): void {
    this.end = take;
  }
}

export class CommManager implements Comms {
  private readonly ends = new Map<string, End>();
  private readonly targets = new Map<string, (comm: Comm, message: CommMessage) => unknown>();

  constructor(private readonly publish: Publish) {}

  open(target: string, data: Json = {}, { id = randomUUID(), ...extra }: Extra & { id?: string } = {}): Comm {
    const end = this.end(id, target);
    this.post(id, 'comm_open', { target_name: target, data }, extra);
    return end;
  }

  target(name: string, take: (comm: Comm, message: CommMessage) => unknown): void {
    this.targets.set(name, take);
  }

  /** Takes a message of the front end; settles, with what the handler gave, when that is done with it. */
  async receive(type: string, content: Json, metadata: Json, buffers: Uint8Array[]): Promise<unknown> {
    const id = String(content.comm_id);
    const message = { data: (content.data ?? {}) as Json, metadata, buffers };
    if (type === 'comm_open') {
      const target = String(content.target_name);
      const take = this.targets.get(target);
      // the front end must hear that nobody knows its target
      if (!take) return this.post(id, 'comm_close', { data: {} });
      return take(this.end(id, target), message);
    }
    const end = this.ends.get(id);
    if (type === 'comm_msg') return end?.message?.(message);
    if (!end) return;
    end.closed = true;
    this.ends.delete(id);
    return end.end?.(message);
  }

  private end(id: string, target: string): End {
    const end = new End(
      id,
      target,
      (type, content, extra) => this.post(id, type, content, extra),
      () => this.ends.delete(id),
    );
    this.ends.set(id, end);
    return end;
  }

  private post(id: string, type: string, content: Json, extra: Extra = {}): void {
    this.publish(currentCell(), type, { comm_id: id, ...content }, extra);
  }
}

// A kernel's comms in small: what widgets send is kept, and a front end's messages can be given to them.

import type { Comm, CommMessage, Comms } from '../../src/kernel/comms.js';

type Json = Record<string, unknown>;
type Take = (message: CommMessage) => unknown;

export interface Sent {
  type: 'open' | 'message' | 'close';
  id: string;
  data: Json;
  metadata?: Json;
  buffers: Uint8Array[];
}

export class FakeComms implements Comms {
  sent: Sent[] = [];
  private readonly takers = new Map<string, { message?: Take; close?: Take }>();
  private readonly targets = new Map<string, (comm: Comm, message: CommMessage) => unknown>();

  open(
    target: string,
    data: Json = {},
    extra: { id?: string; metadata?: Json; buffers?: Uint8Array[] } = {},
  ): Comm {
    const id = extra.id ?? 'comm';
    this.sent.push({
      type: 'open',
      id,
      data: { target, ...plain(data) },
      metadata: extra.metadata,
      buffers: extra.buffers ?? [],
    });
    return this.comm(id, target);
  }

  target(name: string, take: (comm: Comm, message: CommMessage) => unknown): void {
    this.targets.set(name, take);
  }

  /** A message of the front end; what it makes the widgets send. */
  give(id: string, data: Json, buffers: Uint8Array[] = []): Sent[] {
    this.sent = [];
    this.returned = this.takers.get(id)?.message?.({ data: plain(data), metadata: {}, buffers });
    return this.sent;
  }
  returned: unknown;

  /** The front end opens a comm. */
  openFrom(target: string, id: string): void {
    this.targets.get(target)!(this.comm(id, target), { data: {}, metadata: {}, buffers: [] });
  }

  closeFrom(id: string): void {
    this.takers.get(id)?.close?.({ data: {}, metadata: {}, buffers: [] });
  }

  private comm(id: string, target: string): Comm {
    const taker: { message?: Take; close?: Take } = {};
    this.takers.set(id, taker);
    return {
      id,
      target,
      send: (data, extra = {}) =>
        void this.sent.push({ type: 'message', id, data: plain(data), buffers: extra.buffers ?? [] }),
      close: () => void this.sent.push({ type: 'close', id, data: {}, buffers: [] }),
      onMessage: (take) => void (taker.message = take),
      onClose: (take) => void (taker.close = take),
    };
  }
}

/** As it is after its way through JSON. */
const plain = (data: Json): Json => JSON.parse(JSON.stringify(data)) as Json;

const key = Symbol.for('cellgrad.comms');
const place = globalThis as Record<symbol, unknown>;

/** The comms of the tests of one `describe`. */
export function fakeComms(): { readonly now: FakeComms } {
  const holder = { now: new FakeComms() };
  beforeEach(() => (place[key] = holder.now = new FakeComms()));
  afterEach(() => delete place[key]);
  return holder;
}

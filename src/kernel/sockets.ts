// The kernel's socket thread: ZeroMQ's five sockets, routed, signed, and answered while a cell computes.
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { bindAll } from './bind.js';
import { portOf, writePorts } from './connection.js';
import { logTo, type Descriptors } from './descriptors.js';
import { Echo, Publisher, Router } from './served.js';
import { Shell } from './shell.js';
import { Streams } from './streams.js';
import { FLAG, type Posted } from './threads.js';
import { CHANNELS, Wire, type Connection, type Header, type Json, type Message } from './wire.js';

const { connection, connectionFile, flags, descriptors, heapLimit } = workerData as {
  connection: Connection;
  connectionFile: string;
  flags: Int32Array;
  descriptors: Descriptors | undefined;
  heapLimit: number;
};

/** How long what was sent may take to leave when the kernel ends: front ends kill one that takes longer. */
const LINGER_MS = 2000;
/** How often those who print, and wait for a front end that is behind, look whether it still is. */
const BEHIND_MS = 5;

/** Sends in order. Messages are made when what has to be done first is done: the main thread is told of its cell. */
class Outbox {
  private waiting: (() => void)[] = [];

  push(send: () => void): void {
    this.waiting.push(send);
    if (this.waiting.length === 1) setImmediate(() => this.flush());
  }

  private flush(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const send of waiting)
      try {
        send();
      } catch (error) {
        log(`a message was lost: ${inspect(error)}`);
      }
  }
}

const wire = new Wire(connection);
const shell = new Router((frames) => receive(frames, (message) => kernel.onShell(message)));
const control = new Router((frames) => receive(frames, (message) => kernel.onControl(message)));
const stdin = new Router((frames) => receive(frames, (message) => kernel.onStdin(message)));
// JEP 65: greets each subscription, so that a client knows when it will miss nothing
const iopub = new Publisher((topic, send) => {
  const content = { subscription: topic.toString('utf8') };
  outbox.push(() => send(wire.encode('iopub_welcome', content, { identities: [topic] })));
});
const hb = new Echo();
const routers = { shell, control, stdin };
const sockets = { ...routers, iopub, hb };
const outbox = new Outbox();

const kernel = new Shell(flags, heapLimit, {
  toMain: (message) => parentPort!.postMessage(message),
  reply: (request, channel, type, content) =>
    outbox.push(() =>
      routers[channel].send(
        wire.encode(type, content, { identities: request.identities, parent: request.header }),
      ),
    ),
  publish: (type, content, parent, extra) => publish(type, content, parent, extra),
  print: (cell, name, text) => streams.write(cell, name, text),
  printed: (cell) => streams.over(cell),
  askInput: (request, content) => {
    const header = wire.header('input_request');
    const { identities } = request;
    outbox.push(() =>
      stdin.send(wire.encode('input_request', content, { header, identities, parent: request.header })),
    );
    return header.msg_id;
  },
  close: () => closeAll(),
});

const streams = new Streams({
  descriptors,
  post: (cell, name, text) => publish('stream', { name, text }, kernel.parentOf(cell)),
  handle: (message) => kernel.fromMain(message),
  current: () => kernel.latest,
  running: (cell) => kernel.runs(cell),
  // when what they publish has been sent
  handled: (number) => outbox.push(() => acknowledge(number)),
});

/** The number of the messages of the main thread that were handled last. */
let handled = 0;
let waits: NodeJS.Timeout | undefined;

/** Lets the main thread go on where it waits until messages were handled, once those who read them keep up. */
function acknowledge(number = handled): void {
  handled = number;
  clearTimeout(waits);
  if (iopub.behind) {
    waits = setTimeout(acknowledge, BEHIND_MS);
    return;
  }
  Atomics.store(flags, FLAG.HANDLED, handled);
  Atomics.notify(flags, FLAG.HANDLED);
}

function publish(
  type: string,
  content: Json,
  parent: Header | Json,
  extra: { metadata?: Json; buffers?: Uint8Array[] } = {},
): void {
  outbox.push(() =>
    iopub.send(
      wire.encode(type, content, { identities: [`kernel.${wire.session}.${type}`], parent, ...extra }),
    ),
  );
}

function log(text: string): void {
  logTo(descriptors?.originals.stderr, `cellgrad: ${text}\n`);
}

/** Resolves when what was sent has left, or no one takes it. */
async function closeAll(): Promise<void> {
  const left = Promise.all(Object.values(sockets).map((socket) => socket.close()));
  await Promise.race([left, sleep(LINGER_MS)]);
}

/** In the log at the first one, the tenth, the hundredth … */
function sayDropped(): void {
  if (Number.isInteger(Math.log10(wire.dropped)))
    log(
      `dropped ${wire.dropped} messages that are malformed, not signed with the connection's key, or repeated`,
    );
}

function receive(frames: Buffer[], take: (message: Message) => void): void {
  const message = wire.decode(frames);
  if (!message) return sayDropped();
  try {
    take(message);
  } catch (error) {
    log(`a request failed: ${inspect(error)}`);
  }
}

/** Ends with the process that started us, should it die without a word. */
function followParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) kernel.shutDown();
  }, 1000).unref();
}

const bound = await bindAll(sockets, connection);
if (CHANNELS.some((channel) => connection[portOf(channel)] === 0)) writePorts(connectionFile, bound);
// a defect of ours in one request must not make the kernel deaf: the main thread may be too busy to hear of this thread's end
process.on('uncaughtException', (error) => log(inspect(error)));
parentPort!.on('message', (posted: Posted) => streams.fromMain(posted));
streams.listen();
followParent();
publish('status', { execution_state: 'starting' }, {});

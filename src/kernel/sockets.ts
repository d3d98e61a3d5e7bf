// The kernel's socket thread: five zeromq sockets, routed, signed, and answered while a cell computes.
import process from 'node:process';
import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { Reply, Router, XPublisher, type Socket } from 'zeromq';
import { bindAll } from './bind.js';
import { portOf, writePorts } from './connection.js';
import { logTo, type Descriptors } from './descriptors.js';
import { Shell } from './shell.js';
import { Streams } from './streams.js';
import { FLAG, type Posted } from './threads.js';
import {
  CHANNELS,
  Wire,
  type Channel,
  type Connection,
  type Header,
  type Json,
  type Message,
} from './wire.js';

const { connection, connectionFile, flags, descriptors, heapLimit } = workerData as {
  connection: Connection;
  connectionFile: string;
  flags: Int32Array;
  descriptors: Descriptors | undefined;
  heapLimit: number;
};

/** Sends in order; zeromq allows one send at a time. Messages are made when what has to be done first is done. */
class Outbox {
  private readonly waiting: (() => Buffer[])[] = [];
  private busy = false;

  constructor(private readonly socket: { send(frames: Buffer[]): Promise<void> }) {}

  push(frames: () => Buffer[]): void {
    this.waiting.push(frames);
    if (this.busy) return;
    this.busy = true;
    setImmediate(() => void this.pump());
  }

  private async pump(): Promise<void> {
    for (let make = this.waiting.shift(); make; make = this.waiting.shift()) {
      let frames: Buffer[];
      try {
        frames = make();
      } catch (error) {
        logTo(descriptors?.originals.stderr, `cellgrad: a message was lost: ${inspect(error)}\n`);
        continue;
      }
      try {
        await this.socket.send(frames);
      } catch {
        // the peer has gone, or the kernel ends
      }
    }
    this.busy = false;
  }
}

const unlimited = { sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 200 };
const shell = new Router({ ...unlimited, handover: true });
const control = new Router({ ...unlimited, handover: true });
const stdin = new Router({ ...unlimited, handover: true });
const iopub = new XPublisher(unlimited);
const heartbeat = new Reply({ linger: 0 });
const sockets: Record<Channel, Socket> = { shell, control, stdin, iopub, hb: heartbeat };

const wire = new Wire(connection);
const outboxes = {
  shell: new Outbox(shell),
  control: new Outbox(control),
  stdin: new Outbox(stdin),
  iopub: new Outbox(iopub),
};

const kernel = new Shell(flags, heapLimit, {
  toMain: (message) => parentPort!.postMessage(message),
  reply: (request, channel, type, content) =>
    outboxes[channel].push(() =>
      wire.encode(type, content, { identities: request.identities, parent: request.header }),
    ),
  publish: (type, content, parent, extra) => publish(type, content, parent, extra),
  print: (cell, name, text) => streams.write(cell, name, text),
  printed: (cell) => streams.over(cell),
  askInput: (request, content) => {
    const header = wire.header('input_request');
    const { identities } = request;
    outboxes.stdin.push(() =>
      wire.encode('input_request', content, { header, identities, parent: request.header }),
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
  handled: (number) => {
    Atomics.store(flags, FLAG.HANDLED, number);
    Atomics.notify(flags, FLAG.HANDLED);
  },
});

function publish(
  type: string,
  content: Json,
  parent: Header | Json,
  extra: { metadata?: Json; buffers?: Uint8Array[] } = {},
): void {
  outboxes.iopub.push(() =>
    wire.encode(type, content, { identities: [`kernel.${wire.session}.${type}`], parent, ...extra }),
  );
}

function closeAll(): void {
  for (const socket of Object.values(sockets)) socket.close();
}

/** In the log at the first one, the tenth, the hundredth … */
function sayDropped(): void {
  if (Number.isInteger(Math.log10(wire.dropped)))
    logTo(
      descriptors?.originals.stderr,
      `cellgrad: dropped ${wire.dropped} messages that are malformed, not signed with the connection's key, or repeated\n`,
    );
}

async function receive(socket: Router, take: (message: Message) => void): Promise<void> {
  for await (const frames of socket) {
    const message = wire.decode(frames);
    if (!message) {
      sayDropped();
      continue;
    }
    try {
      take(message);
    } catch (error) {
      logTo(descriptors?.originals.stderr, `cellgrad: a request failed: ${inspect(error)}\n`);
    }
  }
}

async function echo(): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames);
}

/** JEP 65: greets each subscription, so that a client knows when it will miss nothing. */
async function welcome(): Promise<void> {
  for await (const [frame] of iopub) {
    if (frame[0] !== 1) continue;
    const subscription = frame.subarray(1);
    const content = { subscription: subscription.toString('utf8') };
    outboxes.iopub.push(() => wire.encode('iopub_welcome', content, { identities: [subscription] }));
  }
}

/** Ends with the process that started us, should it die without a word. */
function followParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) kernel.shutDown();
  }, 1000).unref();
}

try {
  const bound = await bindAll(sockets, connection);
  if (CHANNELS.some((channel) => connection[portOf(channel)] === 0)) writePorts(connectionFile, bound);
} catch (error) {
  // zeromq aborts the process that ends with open sockets
  closeAll();
  throw error;
}
parentPort!.on('message', (posted: Posted) => streams.fromMain(posted));
streams.listen();
void receive(shell, (message) => kernel.onShell(message));
void receive(control, (message) => kernel.onControl(message));
void receive(stdin, (message) => kernel.onStdin(message));
void echo();
void welcome();
followParent();
// a defect of ours in one request must not make the kernel deaf: the main thread may be too busy to hear of this thread's end
process.on('uncaughtException', (error) => {
  logTo(descriptors?.originals.stderr, `cellgrad: ${inspect(error)}\n`);
});
publish('status', { execution_state: 'starting' }, {});

// Starts a kernel in this process: the socket thread first, which takes its time, and the rest beside it.
import { setImmediate } from 'node:timers';
import { inspect } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { captureDescriptors, writeMark } from './capture.js';
import { logTo } from './descriptors.js';
import { guardProcess } from './guard.js';
import { FLAG, type Posted, type ToMain, type ToSockets } from './threads.js';
import type { Connection } from './wire.js';

/** What V8 gives objects that stay, bytes; the rest of its limit is for new ones. */
const heapLimit = getHeapStatistics().heap_size_limit - 64 * 2 ** 20;

/** Characters that cells may print or show before they have to have been sent: a flood must not fill the memory. */
const MOST_AHEAD = 1 << 25;
/** The most that is waited for it, in all and at once. */
const AHEAD_MS = { most: 5000, step: 100 };

/** Waits until the socket thread has sent what the messages of this number publish. */
function caughtUp(flags: Int32Array, number: number): void {
  const end = performance.now() + AHEAD_MS.most;
  for (let handled; (handled = Atomics.load(flags, FLAG.HANDLED)) < number && performance.now() < end;)
    Atomics.wait(flags, FLAG.HANDLED, handled, AHEAD_MS.step);
}

/**
 * Starts a kernel in this process; it ends the process when it is shut down.
 * @param connectionFile is told the ports that were chosen where `connection` has 0
 * @param prepare is done before the first cell
 */
export async function startKernel(
  connection: Connection,
  connectionFile: string,
  prepare: () => Promise<void>,
): Promise<void> {
  const flags = new Int32Array(new SharedArrayBuffer(FLAG.SLOTS * 4));
  const descriptors = captureDescriptors();
  const workerData = { connection, connectionFile, flags, descriptors, heapLimit };
  const sockets = new Worker(new URL('./sockets.js', import.meta.url), { workerData });
  const early: ToMain[] = [];
  let receive = (message: ToMain): unknown => early.push(message);
  sockets.on('message', (message: ToMain) => receive(message));
  const exit = guardProcess();
  sockets.on('error', (error) => {
    const what = error.name === 'ConnectionError' ? error.message : inspect(error);
    logTo(descriptors?.originals.stderr, `cellgrad: ${what}\n`);
    exit(1);
  });
  let number = 0;
  let ahead = 0;
  let results: ToSockets[] = [];
  const post = (...messages: ToSockets[]): void => {
    number++;
    if (descriptors) writeMark(descriptors, number);
    sockets.postMessage({ number, messages: [...results, ...messages] } satisfies Posted);
    results = [];
    for (const message of messages) ahead += charactersOf(message);
    if (ahead < MOST_AHEAD) return;
    ahead = 0;
    caughtUp(flags, number);
  };
  const [{ Kernel }] = await Promise.all([import('./kernel.js'), prepare()]);
  const kernel = new Kernel(flags, heapLimit, (message) => {
    if (message.kind !== 'publish' || message.type !== 'execute_result') return post(message);
    // the reply follows at once, as a rule: they travel together
    results.push(message);
    setImmediate(() => {
      if (results.length) post();
    });
  });
  kernel.install();
  receive = (message) => {
    if (message.kind !== 'shutdown') return kernel.receive(message);
    kernel.close();
    exit(0);
  };
  early.forEach(receive);
}

/** About how much a message is. */
function charactersOf(message: ToSockets): number {
  if (message.kind === 'stream') return message.text.length;
  if (message.kind !== 'publish') return 0;
  const { data = {} } = message.content as { data?: object };
  const bytes = (message.buffers ?? []).reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Object.values(data).reduce<number>(
    (sum, each) => sum + (typeof each === 'string' ? each.length : 0),
    bytes,
  );
}

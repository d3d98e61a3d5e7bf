// A kernel in a process of its own, started and spoken to as Jupyter does it.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portOf } from '../kernel/connection.js';
import { Wire, type Channel, type Connection, type Json, type Message } from '../kernel/wire.js';
import { Dial } from './dial.js';
import { RunError } from './errors.js';

/** How long a kernel may take to answer its first request. */
const START_MS = 60_000;
/** How long one that was asked to end may take. */
const END_MS = 3000;
/** Lines of V8's that say nothing to the user. */
const NOISE = /^(at |<---|---|#|\[\d+:0x|\d+: 0x|Waiting for the debugger|Debugger (listening|ending))/;
/** What the process itself wrote, kept to say why it died. */
const LOG_CHARACTERS = 8000;

export interface Execution {
  /** The reply's content; undefined if the kernel died first. */
  reply: Promise<Json | undefined>;
  id: string;
}

export interface KernelOptions {
  /** Arguments for Node that start a kernel, up to where the connection file is named. */
  args: string[];
  /** The folder its cells work in. */
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Called with every message for the front end, and the id of the request it belongs to. */
  onMessage: (request: string, type: string, content: Json, buffers: Uint8Array[]) => void;
}

/** Resolves when the kernel answers; throws a RunError if it doesn't. */
export async function startKernelProcess(options: KernelOptions): Promise<KernelProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-run-'));
  try {
    const connection = await freshConnection();
    const file = join(folder, 'kernel.json');
    writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
    const kernel = new KernelProcess(connection, file, options);
    try {
      await kernel.started();
      return kernel;
    } catch (error) {
      await kernel.kill();
      throw error;
    }
  } finally {
    // the kernel has read it, and so nothing is left behind whatever becomes of this process
    rmSync(folder, { recursive: true, force: true });
  }
}

export class KernelProcess {
  private readonly child: ChildProcess;
  private readonly wire: Wire;
  private readonly shell: Dial;
  private readonly control: Dial;
  private readonly iopub: Dial;
  private readonly waiting = new Map<string, Waiting>();
  private log = '';
  private welcome = (): void => undefined;
  private readonly welcomed = new Promise<void>((resolve) => (this.welcome = resolve));
  private readonly killAtExit = (): void => this.killGroup();
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>;
  dead = false;

  constructor(
    connection: Connection,
    file: string,
    private readonly options: KernelOptions,
  ) {
    this.wire = new Wire(connection);
    this.child = spawn(process.execPath, [...options.args, '--connection-file', file], {
      cwd: options.cwd,
      env: { ...(options.env ?? process.env), CELLGRAD_HISTORY: 'off' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // a group of its own: the terminal's Ctrl-C is ours to pass on, and what it started ends with it
      detached: process.platform !== 'win32',
    });
    process.on('exit', this.killAtExit);
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk) => (this.log = (this.log + String(chunk)).slice(-LOG_CHARACTERS)));
    this.exited = new Promise((resolve) => {
      this.child.on('error', () => this.end(resolve));
      this.child.on('exit', () => this.end(resolve));
    });
    const dial = (channel: Channel, type: 'DEALER' | 'SUB', take: (message: Message) => void): Dial =>
      new Dial({ host: connection.ip, port: connection[portOf(channel)] }, type, (frames) => {
        const message = this.wire.decode(frames);
        if (message) take(message);
      });
    this.shell = dial('shell', 'DEALER', (message) => this.onReply(message));
    this.control = dial('control', 'DEALER', () => undefined);
    this.iopub = dial('iopub', 'SUB', (message) => this.onPublished(message));
  }

  async started(): Promise<void> {
    const patience = new AbortController();
    const late = new Promise<'late'>((resolve) => {
      const timer = setTimeout(() => resolve('late'), START_MS);
      patience.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    // what the kernel publishes before the subscription has arrived is lost, the end of a request too
    const ready = this.welcomed.then(() => this.request('kernel_info_request', {}).reply);
    const outcome = await Promise.race([ready, late, this.exited.then(() => 'dead' as const)]);
    patience.abort();
    if (outcome === 'late')
      throw new RunError(
        'start',
        `The kernel did not answer within ${START_MS / 1000} s.${this.lastWords()}`,
      );
    if (outcome === 'dead')
      throw new RunError('start', `The kernel ended while it was starting.${this.lastWords()}`);
  }

  /** Runs code; its messages arrive, in order, before the reply resolves. */
  execute(code: string): Execution {
    return this.request('execute_request', {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    });
  }

  interrupt(): void {
    this.control.send(this.wire.encode('interrupt_request', {}));
  }

  /** Asks the kernel to end, and ends it if it doesn't. */
  async shutDown(): Promise<void> {
    if (!this.dead) {
      this.control.send(this.wire.encode('shutdown_request', { restart: false }));
      const timer = setTimeout(() => this.killGroup(), END_MS);
      await this.exited;
      clearTimeout(timer);
    }
    await this.kill();
  }

  async kill(): Promise<void> {
    this.killGroup();
    await this.exited;
    for (const socket of [this.shell, this.control, this.iopub]) socket.close();
    process.off('exit', this.killAtExit);
  }

  /** How the process ended and what it said last, as sentences to add to another. */
  lastWords(): string {
    const { signalCode, exitCode } = this.child;
    const memory = /heap out of memory|Allocation failed/i.test(this.log);
    const how = memory
      ? ' It ran out of memory.'
      : signalCode === 'SIGKILL'
        ? ' It was killed (SIGKILL), as the system does when memory runs out.'
        : signalCode
          ? ` It was ended by ${signalCode}.`
          : exitCode
            ? ` It exited with code ${exitCode}.`
            : '';
    const line = this.log
      .split('\n')
      .map((each) => each.trim())
      .filter((each) => each && !NOISE.test(each))
      .at(memory ? 0 : -1);
    return line && !memory ? `${how} It last wrote: ${line}` : how;
  }

  private request(type: string, content: Json): Execution {
    const header = this.wire.header(type);
    const reply = new Promise<Json | undefined>((resolve) => {
      this.waiting.set(header.msg_id, { resolve, idle: false, content: undefined });
    });
    this.shell.send(this.wire.encode(type, content, { header }));
    return { id: header.msg_id, reply };
  }

  private onReply(message: Message): void {
    const id = parentOf(message);
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    waiting.content = message.content;
    this.settle(id, waiting);
  }

  private onPublished(message: Message): void {
    const id = parentOf(message);
    const { msg_type: type } = message.header;
    if (type === 'iopub_welcome') return this.welcome();
    const waiting = this.waiting.get(id);
    if (type !== 'status') this.options.onMessage(id, type, message.content, message.buffers);
    else if (waiting && message.content.execution_state === 'idle') {
      waiting.idle = true;
      this.settle(id, waiting);
    }
  }

  // the two sockets keep no order between them
  private settle(id: string, { idle, content, resolve }: Waiting): void {
    if (!idle || !content) return;
    this.waiting.delete(id);
    resolve(content);
  }

  private end(resolve: () => void): void {
    this.dead = true;
    // what it published last may still be on its way
    setTimeout(() => {
      resolve();
      for (const waiting of this.waiting.values()) waiting.resolve(undefined);
      this.waiting.clear();
    }, 100);
  }

  private killGroup(): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}

interface Waiting {
  resolve: (content: Json | undefined) => void;
  idle: boolean;
  content: Json | undefined;
}

const parentOf = ({ parent }: Message): string => String((parent as { msg_id?: string }).msg_id ?? '');

async function freshConnection(): Promise<Connection> {
  const [shell, iopub, stdin, control, hb] = await freePorts(5);
  return {
    transport: 'tcp',
    ip: '127.0.0.1',
    key: randomBytes(32).toString('hex'),
    signature_scheme: 'hmac-sha256',
    shell_port: shell,
    iopub_port: iopub,
    stdin_port: stdin,
    control_port: control,
    hb_port: hb,
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

// A Jupyter front end in small: starts a kernel process and talks to it over its five sockets.

import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Dealer, Request, Subscriber } from 'zeromq';
import { kernelArguments } from '../../src/cli/spawn.js';
import { Wire, type Channel, type Connection, type Json, type Message } from '../../src/kernel/wire.js';

/** The address of a kernel's socket, as ZeroMQ's library takes it. */
export function endpoint({ transport, ip, ...ports }: Connection, channel: Channel): string {
  const port = ports[`${channel}_port`];
  if (transport === 'ipc') return `ipc://${ip}-${port}`;
  return `tcp://${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

/** What one execution gave. */
export interface Execution {
  reply: Json;
  /** Everything published on its behalf, from busy to idle. */
  messages: Message[];
  stdout: string;
  stderr: string;
  /** The plain text of the result. */
  result: string | undefined;
  results: Json[];
  displays: Json[];
  error: { ename: string; evalue: string; traceback: string } | undefined;
}

export interface StartOptions {
  /** Another kernel, as its kernelspec says how to start it. */
  argv?: string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Answers `input_request`s. */
  answer?: (prompt: string) => string;
}

export class TestKernel {
  readonly published: Message[] = [];
  /** What the process itself wrote, which no user sees. */
  log = '';
  readonly exited: Promise<number | string | null>;
  private readonly wire: Wire;
  private readonly dealers: Record<'shell' | 'control' | 'stdin', Dealer>;
  private readonly iopub = new Subscriber({ receiveHighWaterMark: 0 });
  private readonly replies = new Map<string, (message: Message) => void>();
  private readonly watchers = new Set<() => void>();

  private constructor(
    readonly process: ChildProcess,
    readonly connection: Connection,
    private readonly home: string,
    private readonly answer: StartOptions['answer'],
  ) {
    this.wire = new Wire(connection);
    this.exited = new Promise((resolve) => process.on('exit', (code, signal) => resolve(signal ?? code)));
    for (const stream of [process.stdout!, process.stderr!])
      stream.on('data', (data: Buffer) => (this.log += data.toString()));
    const routingId = randomUUID();
    this.dealers = {
      shell: new Dealer({ routingId, linger: 0 }),
      control: new Dealer({ routingId, linger: 0 }),
      stdin: new Dealer({ routingId, linger: 0 }),
    };
    this.iopub.connect(endpoint(connection, 'iopub'));
    this.iopub.subscribe();
    void this.listen().catch(closed);
    for (const [channel, dealer] of Object.entries(this.dealers)) {
      dealer.connect(endpoint(connection, channel as Channel));
      void this.receive(channel, dealer).catch(closed);
    }
  }

  /** A kernel that answers. */
  static async start(options: StartOptions = {}, given?: Connection): Promise<TestKernel> {
    const home = mkdtempSync(join(tmpdir(), 'cellgrad-kernel-'));
    const connection = given ?? (await freeConnection());
    const file = join(home, 'connection.json');
    writeFileSync(file, JSON.stringify(connection));
    const own = [process.execPath, ...kernelArguments(), '--connection-file', '{connection_file}'];
    const [program, ...args] = (options.argv ?? own).map((arg) => arg.replace('{connection_file}', file));
    const child = spawn(program, args, {
      cwd: options.cwd ?? home,
      env: { ...process.env, CELLGRAD_HISTORY: 'off', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kernel = new TestKernel(child, connection, home, options.answer);
    await Promise.race([
      kernel.heard(!options.argv),
      kernel.exited.then((code) => {
        throw new Error(`The kernel ended (${code}) at its start: ${kernel.log}`);
      }),
    ]);
    return kernel;
  }

  /** The kernel answers, and what it publishes arrives here: it says so, or a status has come. */
  private async heard(welcomes: boolean): Promise<void> {
    const wanted = welcomes ? 'iopub_welcome' : 'status';
    let published = false;
    const first = this.until(({ header }) => header.msg_type === wanted).then(() => (published = true));
    do await this.ask('kernel_info_request');
    while (!welcomes && !published);
    await first;
  }

  /** @param subshell that a request is for */
  send(
    channel: 'shell' | 'control' | 'stdin',
    type: string,
    content: Json = {},
    { subshell, buffers }: { subshell?: string; buffers?: Uint8Array[] } = {},
  ): string {
    const header = { ...this.wire.header(type), ...(subshell ? { subshell_id: subshell } : {}) };
    // a kernel that has died takes nothing
    this.dealers[channel].send(this.wire.encode(type, content, { header, buffers })).catch(() => undefined);
    return header.msg_id;
  }

  sendRaw(channel: 'shell' | 'control' | 'stdin', frames: (Buffer | string)[]): Promise<void> {
    return this.dealers[channel].send(frames);
  }

  reply(id: string): Promise<Message> {
    return new Promise((resolve) => this.replies.set(id, resolve));
  }

  /** A request's reply. */
  async ask(
    type: string,
    content: Json = {},
    channel: 'shell' | 'control' = 'shell',
    subshell?: string,
  ): Promise<Json> {
    return (await this.reply(this.send(channel, type, content, { subshell }))).content;
  }

  /** What is published for a message that has no reply, from busy to idle. */
  async passed(id: string): Promise<Message[]> {
    await this.until(({ parent, content }) => parent.msg_id === id && content.execution_state === 'idle');
    return this.of(id);
  }

  /** The first message published that fits, also among those already here. */
  async until(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.published.find(fits);
      if (found) return found;
      await new Promise<void>((resolve) => this.watchers.add(resolve));
    }
  }

  /** Starts a cell; `done` is its end. */
  submit(code: string, extra: Json = {}, subshell?: string): { id: string; done: Promise<Execution> } {
    const content = {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: this.answer !== undefined,
      stop_on_error: true,
      ...extra,
    };
    const id = this.send('shell', 'execute_request', content, { subshell });
    return { id, done: this.finished(id) };
  }

  run(code: string, extra: Json = {}): Promise<Execution> {
    return this.submit(code, extra).done;
  }

  /** What has been published for a request so far. */
  of(id: string): Message[] {
    return this.published.filter(({ parent }) => parent.msg_id === id);
  }

  private async finished(id: string): Promise<Execution> {
    const [{ content: reply }, messages] = await Promise.all([this.reply(id), this.passed(id)]);
    return { reply, ...summary(messages) };
  }

  interrupt(): Promise<Json> {
    return this.ask('interrupt_request', {}, 'control');
  }

  /** Milliseconds until the heartbeat comes back. */
  async heartbeat(): Promise<number> {
    const socket = new Request({ linger: 0, receiveTimeout: 5000 });
    socket.connect(endpoint(this.connection, 'hb'));
    const begun = performance.now();
    await socket.send('ping');
    const [echo] = await socket.receive();
    socket.close();
    if (echo.toString() !== 'ping') throw new Error('The heartbeat came back changed.');
    return performance.now() - begun;
  }

  /** A new process on the same ports, as a front end restarts a kernel. */
  async restart(): Promise<TestKernel> {
    await this.ask('shutdown_request', { restart: true }, 'control');
    await this.stop();
    return TestKernel.start({}, this.connection);
  }

  /** Ends the process, gently if it listens. */
  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.send('control', 'shutdown_request', { restart: false });
      const timer = setTimeout(() => this.process.kill('SIGKILL'), 4000);
      await this.exited;
      clearTimeout(timer);
    }
    for (const socket of [this.iopub, ...Object.values(this.dealers)]) socket.close();
    rmSync(this.home, { recursive: true, force: true });
  }

  private async listen(): Promise<void> {
    for await (const frames of this.iopub) {
      const message = this.wire.decode(frames);
      if (!message) throw new Error(`An ill-formed message on iopub: ${frames.join(' ')}`);
      this.published.push(message);
      const watchers = [...this.watchers];
      this.watchers.clear();
      for (const wake of watchers) wake();
    }
  }

  private async receive(channel: string, dealer: Dealer): Promise<void> {
    for await (const frames of dealer) {
      const message = this.wire.decode(frames);
      if (!message) throw new Error(`An ill-formed message on ${channel}: ${frames.join(' ')}`);
      if (message.header.msg_type === 'input_request') {
        const value = this.answer?.(String(message.content.prompt)) ?? '';
        const content = { status: 'ok', value };
        void dealer.send(this.wire.encode('input_reply', content, { parent: message.header }));
        continue;
      }
      const id = String(message.parent.msg_id);
      this.replies.get(id)?.(message);
      this.replies.delete(id);
    }
  }
}

export function summary(messages: Message[]): Omit<Execution, 'reply'> {
  const contents = (type: string): Json[] =>
    messages.filter(({ header }) => header.msg_type === type).map(({ content }) => content);
  const stream = (name: string): string =>
    contents('stream')
      .filter((content) => content.name === name)
      .map(({ text }) => text)
      .join('');
  const results = contents('execute_result');
  const [error] = contents('error');
  return {
    messages,
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    results,
    result: (results[0]?.data as Record<string, string> | undefined)?.['text/plain'],
    displays: contents('display_data'),
    error: error && {
      ename: String(error.ename),
      evalue: String(error.evalue),
      traceback: stripVTControlCharacters((error.traceback as string[]).join('\n')),
    },
  };
}

/** A socket that is closed while it waits may say so. */
function closed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTSOCK') throw error;
}

export async function freeConnection(): Promise<Connection> {
  const servers = Array.from({ length: 5 }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  );
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = servers.map(
    (server) => (server.address() as AddressInfo).port,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return {
    transport: 'tcp',
    ip: '127.0.0.1',
    key: randomUUID(),
    signature_scheme: 'hmac-sha256',
    shell_port,
    iopub_port,
    stdin_port,
    control_port,
    hb_port,
  };
}

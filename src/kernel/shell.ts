// What the kernel answers: requests in the order they came, control at once.
import { readFileSync } from 'node:fs';
import { History } from './history.js';
import { Interrupter } from './interrupt.js';
import { Language } from './language.js';
import type { ToMain, ToSockets } from './threads.js';
import { PROTOCOL_VERSION, type Header, type Json, type Message } from './wire.js';

export interface Post {
  toMain(message: ToMain): void;
  reply(request: Message, channel: 'shell' | 'control', type: string, content: Json): void;
  publish(
    type: string,
    content: Json,
    parent: Header | Json,
    extra?: { metadata?: Json; buffers?: Uint8Array[] },
  ): void;
  askInput(request: Message, content: Json): void;
  /** Closes every socket. */
  close(): void;
}

type Handler = (request: Message) => Json | Promise<Json | undefined> | undefined;

/** Answered while a cell runs, and without holding one up: the language thread takes its time at first. */
const WHILE_BUSY = new Set(['complete_request', 'inspect_request', 'is_complete_request']);
/** How long an error waits for requests already on their way, to abort them with it. */
const ABORT_WINDOW_MS = 10;

export class Shell {
  private readonly queue: Message[] = [];
  private active: Message | undefined;
  private count = 0;
  private nextCell = 1;
  private readonly requests = new Map<number, Message>();
  private finishCell: ((content: Json) => void) | undefined;
  private readonly members = new Map<number, (names: string[]) => void>();
  private readonly history = new History();
  private readonly interrupter: Interrupter;
  private readonly language: Language;
  private closing = false;

  constructor(
    flags: Int32Array,
    private readonly post: Post,
  ) {
    this.interrupter = new Interrupter(flags, post.toMain);
    this.language = new Language((expression) => this.askMembers(expression));
  }

  private readonly handlers: Record<string, Handler> = {
    kernel_info_request: () => kernelInfo(),
    execute_request: (request) => this.execute(request),
    complete_request: ({ content }) => this.language.ask('complete', content),
    inspect_request: ({ content }) => this.language.ask('inspect', content),
    is_complete_request: ({ content }) => this.language.ask('is_complete', content),
    history_request: ({ content }) => ({ status: 'ok', history: this.history.answer(content) }),
    comm_info_request: () => ({ status: 'ok', comms: {} }),
    comm_open: (request) => {
      // no target is known here, and the front end must hear so
      const { comm_id } = request.content;
      if (typeof comm_id === 'string') this.post.publish('comm_close', { comm_id, data: {} }, request.header);
      return undefined;
    },
    comm_msg: () => undefined,
    comm_close: () => undefined,
    interrupt_request: () => {
      this.interrupter.interrupt();
      return { status: 'ok' };
    },
    shutdown_request: ({ content }) => ({ status: 'ok', restart: Boolean(content.restart) }),
  };

  onShell(message: Message): void {
    if (WHILE_BUSY.has(message.header.msg_type)) return void this.answer(message, 'shell');
    this.queue.push(message);
    if (!this.active) void this.drain();
  }

  onControl(message: Message): void {
    void this.answer(message, 'control');
  }

  onStdin(message: Message): void {
    if (message.header.msg_type === 'input_reply')
      this.post.toMain({ kind: 'input', value: String(message.content.value ?? '') });
  }

  fromMain(message: ToSockets): void {
    if (this.closing) return;
    const parent = 'cell' in message ? (this.requests.get(message.cell)?.header ?? {}) : {};
    switch (message.kind) {
      case 'stream':
        return this.post.publish('stream', { name: message.name, text: message.text }, parent);
      case 'publish':
        return this.post.publish(message.type, message.content, parent, message);
      case 'input': {
        const request = this.requests.get(message.cell);
        if (request) this.post.askInput(request, { prompt: message.prompt, password: message.password });
        return;
      }
      case 'members':
        this.members.get(message.id)?.(message.names);
        this.members.delete(message.id);
        return;
      case 'reply':
        this.interrupter.over(message.cell, () => {
          this.finishCell?.(message.content);
          this.finishCell = undefined;
        });
    }
  }

  shutDown(): void {
    if (this.closing) return;
    this.closing = true;
    // what was just sent needs a moment to leave
    setTimeout(() => {
      this.post.close();
      this.interrupter.endProcess();
      this.post.toMain({ kind: 'shutdown' });
    }, 30);
  }

  private async drain(): Promise<void> {
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      this.active = next;
      await this.answer(next, 'shell');
    }
    this.active = undefined;
  }

  private async answer(request: Message, channel: 'shell' | 'control'): Promise<void> {
    const type = request.header.msg_type;
    const handler = Object.hasOwn(this.handlers, type) ? this.handlers[type] : undefined;
    const status = (execution_state: string): void =>
      this.post.publish('status', { execution_state }, request.header);
    status('busy');
    let content: Json | undefined;
    try {
      content = await handler?.(request);
    } catch (error) {
      content = { status: 'error', ename: 'Error', evalue: String(error), traceback: [] };
    }
    if (content && type === 'execute_request' && content.status === 'error') await this.abortQueued(request);
    if (content && type.endsWith('_request'))
      this.post.reply(request, channel, type.replace(/_request$/, '_reply'), content);
    if (type === 'shutdown_request') this.post.publish('shutdown_reply', content ?? {}, request.header);
    status('idle');
    // a front end shows the last status it heard
    if (this.active && this.active !== request)
      this.post.publish('status', { execution_state: 'busy' }, this.active.header);
    if (type === 'shutdown_request') this.shutDown();
  }

  private async execute(request: Message): Promise<Json | undefined> {
    const { code, silent } = request.content;
    if (typeof code !== 'string')
      return {
        status: 'error',
        ename: 'RequestError',
        evalue: 'execute_request has no code',
        traceback: [],
        execution_count: this.count,
      };
    const store = !silent && request.content.store_history !== false;
    const empty = code.trim() === '';
    if (store && !empty) {
      this.count++;
      this.history.add(this.count, code);
    }
    if (!silent) this.post.publish('execute_input', { code, execution_count: this.count }, request.header);
    if (empty) return { status: 'ok', execution_count: this.count, payload: [], user_expressions: {} };
    const cell = this.nextCell++;
    this.requests.set(cell, request);
    if (this.requests.size > 5000) this.requests.delete(this.requests.keys().next().value!);
    this.interrupter.begin(cell);
    const content = await new Promise<Json>((resolve) => {
      this.finishCell = resolve;
      this.post.toMain({ kind: 'execute', cell, code, count: this.count, content: request.content });
    });
    if (content.status === 'ok') this.language.remember(code);
    return content;
  }

  /** An error cancels the executions queued behind it, unless the request said otherwise. */
  private async abortQueued(failed: Message): Promise<void> {
    if (failed.content.stop_on_error === false) return;
    await new Promise((resolve) => setTimeout(resolve, ABORT_WINDOW_MS));
    const aborted = this.queue.filter((message) => message.header.msg_type === 'execute_request');
    const kept = this.queue.filter((message) => message.header.msg_type !== 'execute_request');
    this.queue.splice(0, this.queue.length, ...kept);
    setImmediate(() => {
      for (const message of aborted) {
        this.post.publish('status', { execution_state: 'busy' }, message.header);
        this.post.reply(message, 'shell', 'execute_reply', {
          status: 'aborted',
          execution_count: this.count,
        });
        this.post.publish('status', { execution_state: 'idle' }, message.header);
      }
    });
  }

  private askMembers(expression: string): Promise<string[]> {
    const id = this.nextCell++;
    return new Promise((resolve) => {
      this.members.set(id, resolve);
      setTimeout(() => resolve([]), 500).unref();
      this.post.toMain({ kind: 'members', id, expression });
    });
  }
}

function kernelInfo(): Json {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return {
    status: 'ok',
    protocol_version: PROTOCOL_VERSION,
    implementation: 'cellgrad',
    implementation_version: version,
    language_info: {
      name: 'typescript',
      version: '6.0',
      mimetype: 'text/typescript',
      file_extension: '.ts',
      pygments_lexer: 'typescript',
      codemirror_mode: { name: 'typescript', mode: 'javascript', typescript: true },
      nbconvert_exporter: 'script',
    },
    banner: `cellgrad ${version}: TypeScript on Node ${process.versions.node}`,
    debugger: false,
    help_links: [{ text: 'TypeScript', url: 'https://www.typescriptlang.org/docs/' }],
    supported_features: [],
  };
}

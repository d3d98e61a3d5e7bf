// What the kernel answers: requests in the order they came to their shell, control at once.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Debugging } from './debugger/index.js';
import { History, historyFile } from './history.js';
import { Interrupter } from './interrupt.js';
import { Language } from './language.js';
import type { Live } from './language/reply.js';
import type { Asked, ToMain, ToSockets } from './threads.js';
import { TypeChecks, type TypesMode } from './type-checks.js';
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
  /** Text that a cell wrote. */
  print(cell: number, name: 'stdout' | 'stderr', text: string): void;
  /** The cell is over: sends all that it printed. */
  printed(cell: number): void;
  /** @returns the id of the question, which the answer names as its parent */
  askInput(request: Message, content: Json): string;
  /** Closes every socket; resolves when what was sent has left. */
  close(): Promise<void>;
}

type Handler = (request: Message) => Json | Promise<Json | undefined> | undefined;

/** Answered while a cell runs, and without holding one up: the language thread takes its time at first. */
const WHILE_BUSY = new Set(['complete_request', 'inspect_request', 'is_complete_request', 'history_request']);
/** How long an error waits for requests already on their way, to abort them with it. */
const ABORT_WINDOW_MS = 10;

/** The main shell or a subshell (JEP 91): one request after the other, beside those of the other shells. */
interface Lane {
  queue: Message[];
  active?: Message;
}

export class Shell {
  private readonly main: Lane = { queue: [] };
  private readonly subshells = new Map<string, Lane>();
  private count = 0;
  private nextCell = 1;
  private readonly requests = new Map<number, Message>();
  private readonly finishCell = new Map<number, (content: Json) => void>();
  /** The main thread's numbers of the questions that the front end was asked. */
  private readonly questions = new Map<string, number>();
  /** Open comms and their targets. */
  private readonly comms = new Map<string, string>();
  private readonly members = new Map<number, (names: string[]) => void>();
  private readonly history: History;
  private readonly interrupter: Interrupter;
  private readonly language: Language;
  private readonly types: TypeChecks;
  private readonly debugger: Debugging;
  private closing = false;

  constructor(
    flags: Int32Array,
    heapLimit: number,
    private readonly post: Post,
  ) {
    this.interrupter = new Interrupter(flags, post.toMain, heapLimit);
    this.history = new History(historyFile(), (text) =>
      this.post.publish('stream', { name: 'stderr', text: `${text}\n` }, this.main.active?.header ?? {}),
    );
    this.language = new Language((live) => this.askMembers(live));
    this.types = new TypeChecks((code, name) => this.language.check(code, name));
    this.debugger = new Debugging({
      event: (content) => {
        if (!this.closing) post.publish('debug_event', content, {});
      },
      interrupt: () => this.interrupter.interrupt(),
    });
  }

  private readonly handlers: Record<string, Handler> = {
    kernel_info_request: () => kernelInfo(),
    execute_request: (request) => this.execute(request),
    complete_request: ({ content }) => this.language.ask('complete', content),
    inspect_request: ({ content }) => this.language.ask('inspect', content),
    is_complete_request: ({ content }) => this.language.ask('is_complete', content),
    history_request: async ({ content }) => ({
      status: 'ok',
      history: await this.history.answer(content),
    }),
    comm_info_request: ({ content }) => this.commInfo(content),
    comm_open: (request) => this.comm(request),
    comm_msg: (request) => this.comm(request),
    comm_close: (request) => this.comm(request),
    create_subshell_request: () => {
      const id = randomUUID();
      this.subshells.set(id, { queue: [] });
      return { status: 'ok', subshell_id: id };
    },
    delete_subshell_request: ({ content }) =>
      this.subshells.delete(String(content.subshell_id))
        ? { status: 'ok' }
        : noSubshell(String(content.subshell_id)),
    list_subshell_request: () => ({ status: 'ok', subshell_id: [...this.subshells.keys()] }),
    debug_request: ({ content }) => this.debugger.answer(content),
    interrupt_request: async () => {
      await this.debugger.release();
      this.interrupter.interrupt();
      return { status: 'ok' };
    },
    shutdown_request: ({ content }) => ({ status: 'ok', restart: Boolean(content.restart) }),
  };

  onShell(message: Message): void {
    const { msg_type, subshell_id } = message.header;
    if (WHILE_BUSY.has(msg_type)) return void this.answer(message, 'shell');
    const lane = subshell_id ? this.subshells.get(subshell_id) : this.main;
    if (!lane) return this.refuse(message, noSubshell(subshell_id!));
    lane.queue.push(message);
    if (!lane.active) void this.drain(lane);
  }

  onControl(message: Message): void {
    void this.answer(message, 'control');
  }

  onStdin(message: Message): void {
    if (message.header.msg_type !== 'input_reply') return;
    // some front ends don't say which question they answer: the last one then
    const asked = String((message.parent as Partial<Header>).msg_id);
    const id = this.questions.has(asked) ? asked : [...this.questions.keys()].at(-1);
    const question = id === undefined ? undefined : this.questions.get(id);
    if (question === undefined) return;
    this.questions.delete(id!);
    this.post.toMain({ kind: 'input', question, value: String(message.content.value ?? '') });
  }

  fromMain(message: ToSockets): void {
    if (this.closing) return;
    const parent = 'cell' in message ? this.parentOf(message.cell) : {};
    switch (message.kind) {
      case 'stream':
        return this.post.print(message.cell, message.name, message.text);
      case 'publish':
        this.followComm(message.type, message.content);
        return this.post.publish(message.type, message.content, parent, message);
      case 'input': {
        const request = this.requests.get(message.cell);
        if (!request) return;
        const { prompt, password } = message;
        this.questions.set(this.post.askInput(request, { prompt, password }), message.question);
        return;
      }
      case 'members':
        this.members.get(message.id)?.(message.names);
        this.members.delete(message.id);
        return;
      case 'ask':
        void this.askedByMain(message.question, message.content).then((content) =>
          this.post.toMain({ kind: 'answer', id: message.id, content }),
        );
        return;
      case 'handled':
        return this.finish(message.cell, {});
      case 'reply':
        this.post.printed(message.cell);
        this.interrupter.over(message.cell, () => this.finish(message.cell, message.content));
    }
  }

  private finish(cell: number, content: Json): void {
    this.finishCell.get(cell)?.(content);
    this.finishCell.delete(cell);
  }

  /** The request that a cell is from: the parent of what it shows. */
  parentOf(cell: number): Header | Json {
    return this.requests.get(cell)?.header ?? {};
  }

  /** The cell that was begun last. */
  latest = 0;

  /** Whether a cell is not over. */
  runs(cell: number): boolean {
    return this.finishCell.has(cell);
  }

  shutDown(): void {
    if (this.closing) return;
    this.closing = true;
    // what was just sent needs a moment to leave
    void Promise.all([this.history.close(), sleep(30)]).then(async () => {
      void this.debugger.close();
      await this.post.close();
      this.interrupter.endProcess();
      this.post.toMain({ kind: 'shutdown' });
    });
  }

  private async drain(lane: Lane): Promise<void> {
    for (let next = lane.queue.shift(); next; next = lane.queue.shift()) {
      lane.active = next;
      await this.answer(next, 'shell', lane);
    }
    lane.active = undefined;
  }

  private async answer(request: Message, channel: 'shell' | 'control', lane?: Lane): Promise<void> {
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
    if (lane && content && type === 'execute_request' && content.status === 'error')
      await this.abortQueued(request, lane);
    if (content && type.endsWith('_request'))
      this.post.reply(request, channel, type.replace(/_request$/, '_reply'), content);
    if (type === 'shutdown_request') this.post.publish('shutdown_reply', content ?? {}, request.header);
    status('idle');
    // a front end shows the last status it heard
    const others = [this.main, ...this.subshells.values()].map(({ active }) => active);
    const running = others.find((other) => other && other !== request);
    if (running) this.post.publish('status', { execution_state: 'busy' }, running.header);
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
    const { count } = this;
    const checked = this.types.begin(code, `In[${count}]`, Boolean(silent));
    const refused = await checked.refusal();
    if (refused) {
      if (!silent) this.post.publish('error', refused, request.header);
      return { status: 'error', ...refused, execution_count: count, payload: [], user_expressions: {} };
    }
    const content = await this.debugger.run(`In[${count}]`, code, () =>
      this.onMain(request, (cell) => ({ kind: 'execute', cell, code, count, content: request.content })),
    );
    const warning = await checked.warning();
    if (warning) this.post.publish('stream', { name: 'stderr', text: warning }, request.header);
    // one that has failed may have declared what it was to declare
    if (content.status === 'ok' || content.ename !== 'SyntaxError') this.language.remember(code);
    // where nobody can answer, nobody types
    if (request.content.allow_stdin) this.language.warmUpSoon();
    return content;
  }

  /** Has the main thread do what a request asks for, as an interruptible cell. */
  private onMain(request: Message, message: (cell: number) => ToMain): Promise<Json> {
    const cell = this.nextCell++;
    this.latest = cell;
    this.requests.set(cell, request);
    if (this.requests.size > 5000) this.requests.delete(this.requests.keys().next().value!);
    this.interrupter.begin(cell);
    return new Promise<Json>((resolve) => {
      this.finishCell.set(cell, resolve);
      this.post.toMain(message(cell));
    });
  }

  private async comm(request: Message): Promise<undefined> {
    const { content, metadata, buffers } = request;
    const type = request.header.msg_type;
    this.followComm(type, content);
    await this.onMain(request, (cell) => ({ kind: 'comm', cell, type, content, metadata, buffers }));
  }

  private followComm(type: string, { comm_id: id, target_name: target }: Json): void {
    if (type === 'comm_open') this.comms.set(String(id), String(target));
    else if (type === 'comm_close') this.comms.delete(String(id));
  }

  private commInfo({ target_name: wanted }: Json): Json {
    const chosen = [...this.comms].filter(([, target]) => typeof wanted !== 'string' || target === wanted);
    return {
      status: 'ok',
      comms: Object.fromEntries(chosen.map(([id, target_name]) => [id, { target_name }])),
    };
  }

  /** Answers what can't be done, without a place in a queue. */
  private refuse(request: Message, content: Json): void {
    const { header } = request;
    this.post.publish('status', { execution_state: 'busy' }, header);
    if (header.msg_type.endsWith('_request'))
      this.post.reply(request, 'shell', header.msg_type.replace(/_request$/, '_reply'), content);
    this.post.publish('status', { execution_state: 'idle' }, header);
  }

  /** An error cancels the executions queued behind it, unless the request said otherwise. */
  private async abortQueued(failed: Message, lane: Lane): Promise<void> {
    if (failed.content.stop_on_error === false) return;
    await new Promise((resolve) => setTimeout(resolve, ABORT_WINDOW_MS));
    const aborted = lane.queue.filter((message) => message.header.msg_type === 'execute_request');
    lane.queue = lane.queue.filter((message) => message.header.msg_type !== 'execute_request');
    setImmediate(() => {
      for (const message of aborted) this.refuse(message, { status: 'aborted', execution_count: this.count });
    });
  }

  private async askedByMain(question: Asked, content: Json): Promise<Json> {
    switch (question) {
      case 'inspect':
        return this.language.ask('inspect', content);
      case 'history':
        return { history: await this.history.answer(content) };
      case 'forget':
        this.language.forget();
        return {};
      case 'ran':
        this.language.remember(String(content.code), String(content.file));
        return {};
      case 'settings':
        if (content.types !== undefined) this.types.mode = content.types as TypesMode;
        return { types: this.types.mode };
    }
  }

  private askMembers(live: Live): Promise<string[]> {
    const id = this.nextCell++;
    return new Promise((resolve) => {
      this.members.set(id, resolve);
      setTimeout(() => resolve([]), 500).unref();
      this.post.toMain({ kind: 'members', id, live });
    });
  }
}

const noSubshell = (id: string): Json => ({
  status: 'error',
  ename: 'SubshellError',
  evalue: `There is no subshell ${id}; it may have been deleted.`,
  traceback: [],
});

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
    debugger: true,
    help_links: [{ text: 'TypeScript', url: 'https://www.typescriptlang.org/docs/' }],
    supported_features: ['debugger', 'kernel subshells'],
  };
}

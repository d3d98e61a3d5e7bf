// A debugger's front end in small, over debug_request and debug_event.

import assert from 'node:assert/strict';
import type { Json, Message } from '../../src/kernel/wire.js';
import type { TestKernel } from './client.js';

export interface Variable {
  name: string;
  value: string;
  type: string;
  variablesReference: number;
}
export interface Frame {
  id: number;
  name: string;
  line: number;
  source: { path: string; name: string };
}

/** A front end's side of the debugger. */
export class Client {
  private seq = 1;
  private seen = 0;

  constructor(readonly kernel: TestKernel) {}

  raw(content: Json): Promise<Json> {
    return this.kernel.ask('debug_request', content, 'control');
  }

  /** The response's body; a refusal is an error. */
  async ask<T = Json>(command: string, given: Json = {}): Promise<T> {
    const seq = this.seq++;
    const response = await this.raw({ type: 'request', seq, command, arguments: given });
    assert.equal(response.request_seq, seq);
    assert.equal(response.command, command);
    assert.ok(response.success, String(response.message));
    return response.body as T;
  }

  async refused(command: string, given: unknown): Promise<string> {
    const response = await this.raw({ type: 'request', seq: this.seq++, command, arguments: given });
    assert.equal(response.success, false);
    return String(response.message);
  }

  async attach(): Promise<void> {
    await this.ask('initialize', {
      clientID: 'test',
      linesStartAt1: true,
      columnsStartAt1: true,
      supportsVariableType: true,
    });
    await this.ask('attach');
    await this.ask('configurationDone');
  }

  async breakAt(code: string, ...breakpoints: (number | Json)[]): Promise<{ path: string; lines: number[] }> {
    const { sourcePath: path } = await this.ask<{ sourcePath: string }>('dumpCell', { code });
    return { path, lines: await this.breakIn(path, ...breakpoints) };
  }

  async breakIn(path: string, ...breakpoints: (number | Json)[]): Promise<number[]> {
    const answer = await this.ask<{ breakpoints: { verified: boolean; line: number }[] }>('setBreakpoints', {
      source: { path },
      breakpoints: breakpoints.map((one) => (typeof one === 'number' ? { line: one } : one)),
    });
    return answer.breakpoints.map(({ verified, line }) => (verified ? line : -line));
  }

  /** The next event of a kind that has not been waited for. */
  async event(name: string): Promise<Json> {
    const { published } = this.kernel;
    const fits = (message: Message): boolean =>
      message.header.msg_type === 'debug_event' &&
      message.content.event === name &&
      published.indexOf(message) >= this.seen;
    const found = await this.kernel.until(fits);
    this.seen = published.indexOf(found) + 1;
    return found.content.body as Json;
  }

  async stopped(reason: string): Promise<Frame[]> {
    const body = await this.event('stopped');
    assert.equal(body.reason, reason);
    return this.stack();
  }

  async stack(): Promise<Frame[]> {
    return (await this.ask<{ stackFrames: Frame[] }>('stackTrace', { threadId: 1 })).stackFrames;
  }

  /** Each scope's variables by name. */
  async scopes(frame: Frame): Promise<Record<string, Record<string, Variable>>> {
    const { scopes } = await this.ask<{ scopes: { name: string; variablesReference: number }[] }>('scopes', {
      frameId: frame.id,
    });
    const entries = scopes.map(async ({ name, variablesReference }) => [
      name,
      await this.inside(variablesReference),
    ]);
    return Object.fromEntries(await Promise.all(entries)) as Record<string, Record<string, Variable>>;
  }

  async inside(variablesReference: number, page: Json = {}): Promise<Record<string, Variable>> {
    const { variables } = await this.ask<{ variables: Variable[] }>('variables', {
      variablesReference,
      ...page,
    });
    return Object.fromEntries(variables.map((variable) => [variable.name, variable]));
  }

  async evaluate(expression: string, frame?: Frame): Promise<string> {
    return (
      await this.ask<{ result: string }>('evaluate', { expression, frameId: frame?.id, context: 'repl' })
    ).result;
  }

  async step(command: string): Promise<Frame> {
    await this.ask(command, { threadId: 1 });
    const [frame] = await this.stopped('step');
    return frame;
  }

  continue(): Promise<Json> {
    return this.ask('continue', { threadId: 1 });
  }
}

export const lines = (...text: string[]): string => text.join('\n');

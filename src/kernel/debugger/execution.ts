// Stopping and going on: V8's stops are told to the front end if they are in the user's code and for a reason.
import type { Json } from '../wire.js';
import type { Position } from '../transform.js';
import { Ambush } from './ambush.js';
import { catches } from './catches.js';
import { FOREIGN, FOREIGN_TO_EXCEPTIONS, type Sources } from './sources.js';
import { userStack, type CallFrame, type Frame, type Paused, type Stack } from './stack.js';
import { DebugError, type Remote, type Target } from './target.js';

export type Step = 'resume' | 'stepOver' | 'stepInto' | 'stepOut';

interface Events {
  stopped(body: Json): void;
  continued(): void;
  /** The front end's numbers of V8's breakpoints. */
  ids(bound: readonly string[]): number[];
}

/** A step that leaves the user's code is followed this far, in case it comes back. */
const FOLLOWED = 20;

export class Execution {
  /** The frames of the stop that the front end knows of. */
  private at: { paused: Paused; frames: Frame[] } | undefined;
  /** V8 has stopped, whether or not the front end is to know. */
  private halted = false;
  private step: Step | 'pause' | undefined;
  private followed = 0;
  private muted = false;
  private filters: string[] = [];
  /** Stops that a number of the front end's frames tells apart. */
  private generation = 0;
  /** To stop where the next cell begins. */
  pauseNext = false;
  private readonly ambush: Ambush;

  constructor(
    private readonly target: Target,
    private readonly sources: Sources,
    private readonly events: Events,
  ) {
    this.ambush = new Ambush(target, sources);
    target.on<Paused>('Debugger.paused', (paused) => void this.onPaused(paused));
    target.on('Debugger.resumed', () => {
      this.halted = false;
      if (!this.at) return;
      this.at = undefined;
      events.continued();
    });
  }

  get stopped(): boolean {
    return this.at !== undefined;
  }

  /** The frame of a number; those of earlier stops are gone. */
  frame(id: number): Frame {
    const frame = Math.floor(id / 1000) === this.generation ? this.at?.frames[id % 1000] : undefined;
    if (frame) return frame;
    throw new DebugError(
      this.at
        ? `There is no frame ${id} in this stop.`
        : 'The kernel is not stopped, so there are no frames.',
    );
  }

  /** The innermost frame's number, where something is stopped. */
  topFrame(): number | undefined {
    return this.at && this.generation * 1000;
  }

  frames(): { id: number; frame: Frame }[] {
    if (!this.at) throw new DebugError('The kernel is not stopped, so there is no stack.');
    return this.at.frames.map((frame, i) => ({ id: this.generation * 1000 + i, frame }));
  }

  async attach(): Promise<void> {
    this.at = undefined;
    this.halted = this.muted = this.pauseNext = false;
    await this.stopOnExceptions(this.filters);
  }

  async detach(): Promise<void> {
    this.filters = [];
    this.pauseNext = false;
    await this.target.call('clear').catch(() => undefined);
    // the main thread goes on when the debugger is disabled
    await this.target.post('Debugger.disable').catch(() => undefined);
    if (this.at) {
      this.at = undefined;
      this.events.continued();
    }
  }

  async stopOnExceptions(filters: string[]): Promise<void> {
    this.filters = filters;
    const state = filters.length ? 'all' : 'none';
    if (!this.target.connected) return;
    await this.stepOver(filters.length ? FOREIGN_TO_EXCEPTIONS : FOREIGN);
    await this.target.post('Debugger.setPauseOnExceptions', { state });
  }

  private async stepOver(pattern: string): Promise<void> {
    await this.target.post('Debugger.setBlackboxPatterns', { patterns: [pattern] });
  }

  async resume(step: Step): Promise<void> {
    if (!this.at) throw new DebugError('The kernel is not stopped.');
    this.step = step === 'resume' ? undefined : step;
    this.followed = 0;
    await this.target.call('clear');
    if (this.filters.length) await this.stepOver(step === 'resume' ? FOREIGN_TO_EXCEPTIONS : FOREIGN);
    await this.target.post(`Debugger.${step}`);
  }

  async pause(busy: boolean): Promise<void> {
    if (this.at) throw new DebugError('The kernel is stopped already.');
    if (!busy) {
      this.pauseNext = true;
      return;
    }
    this.step = 'pause';
    this.followed = 0;
    await this.target.post('Debugger.pause');
  }

  /** Stops where a cell that is about to run begins. */
  async stopOnceAt(url: string, { line, column }: Position): Promise<void> {
    this.pauseNext = false;
    const location = { url, lineNumber: line - 1, columnNumber: column - 1 };
    await this.ambush.add('Debugger.setBreakpointByUrl', location);
  }

  async mute(): Promise<void> {
    this.muted = true;
    this.ambush.lift();
    await this.target.post('Debugger.setSkipAllPauses', { skip: true }, 1000);
    if (this.halted) await this.target.post('Debugger.resume', {}, 1000);
  }

  unmute(): void {
    this.step = undefined;
    this.ambush.lift();
    if (!this.muted) return;
    this.muted = false;
    void this.target.post('Debugger.setSkipAllPauses', { skip: false }).catch(() => undefined);
  }

  exceptionInfo(): Json {
    const { data, reason } = this.at?.paused ?? {};
    if (!data || !isException(reason)) throw new DebugError('The kernel is not stopped at an exception.');
    const [description, ...stack] = (data.description ?? String(data.value)).split('\n    at ');
    const name = /^([\w$.]+)(?=:|$)/.exec(description)?.[1] ?? data.type;
    return {
      exceptionId: name,
      description,
      breakMode: this.filters.includes('all') ? 'always' : 'unhandled',
      details: {
        message: description.replace(`${name}: `, ''),
        typeName: name,
        stackTrace: stack.map((line) => `    at ${line}`).join('\n'),
      },
    };
  }

  private async onPaused(paused: Paused): Promise<void> {
    this.halted = true;
    if (this.muted) return this.goOn('resume');
    let stack: Stack;
    try {
      stack = await userStack(paused.callFrames, this.sources);
    } catch {
      stack = { frames: [], called: [], userOnTop: false, atEnd: false };
    }
    if (!this.halted) return;
    const reason = await this.reasonFor(paused, stack);
    if (!this.halted) return;
    if (!reason) {
      if (this.step === 'pause') await this.ambush.lay().catch(() => undefined);
      if (this.muted) this.ambush.lift();
      return this.goOn(this.wayOn(stack));
    }
    const why = isException(paused.reason) ? paused.data : undefined;
    const hit = paused.hitBreakpoints ?? [];
    this.ambush.lift();
    this.step = undefined;
    this.generation++;
    this.at = { paused, frames: stack.frames };
    // what was printed before shows before the stop
    await this.target.call('flush').catch(() => undefined);
    this.events.stopped({
      reason,
      ...(why ? { description: 'Paused on exception', text: textOf(why) } : {}),
      ...(hit.length ? { hitBreakpointIds: this.events.ids(hit) } : {}),
    });
  }

  /** Why the front end is to know of a stop; undefined if it is not. */
  private async reasonFor(paused: Paused, stack: Stack): Promise<string | undefined> {
    const { frames, userOnTop, atEnd } = stack;
    if (!frames.length || atEnd) return undefined;
    if (isException(paused.reason)) return (await this.isWanted(paused, stack)) ? 'exception' : undefined;
    const hit = (paused.hitBreakpoints ?? []).filter((id) => !this.ambush.has(id));
    if (hit.length) return 'breakpoint';
    if (paused.hitBreakpoints?.length) return 'pause';
    if (this.step === 'pause') return 'pause';
    if (!userOnTop) return undefined;
    return this.step ? 'step' : 'breakpoint'; // a debugger statement
  }

  private async isWanted({ data }: Paused, { frames, called }: Stack): Promise<boolean> {
    if (this.filters.includes('all') && !called.length) return true;
    if (data?.uncaught) return true;
    if (frames.some(({ call, origin }) => catches(origin.code, placeOf(call)))) return false;
    for (const call of called)
      if (catches(await this.sources.codeOf(call.location.scriptId), placeOf(call))) return false;
    return true;
  }

  private wayOn({ frames, atEnd }: Stack): Step {
    if (!this.step || this.step === 'pause' || atEnd || ++this.followed > FOLLOWED) return 'resume';
    return frames.length ? 'stepOut' : 'resume';
  }

  private goOn(step: Step): void {
    if (step === 'resume') this.step = undefined;
    void this.target.post(`Debugger.${step}`).catch(() => undefined);
  }
}

const isException = (reason: string | undefined): boolean =>
  reason === 'exception' || reason === 'promiseRejection';

const textOf = ({ description, value }: Remote): string =>
  description?.split('\n    at ')[0] ?? String(value);

const placeOf = ({ location: { lineNumber, columnNumber = 0 } }: CallFrame): Position => ({
  line: lineNumber + 1,
  column: columnNumber + 1,
});

// The stack of a stop, as the front end sees it: the user's frames only, in the lines of their sources.
import type { Position } from '../transform.js';
import type { Origin, Sources } from './sources.js';
import type { Remote } from './target.js';

export interface CallFrame {
  callFrameId: string;
  functionName: string;
  location: { scriptId: string; lineNumber: number; columnNumber?: number };
  scopeChain: { type: string; name?: string; object: Remote }[];
  this: Remote;
}

export interface Paused {
  callFrames: CallFrame[];
  reason: string;
  data?: Remote & { uncaught?: boolean };
  hitBreakpoints?: string[];
}

export interface Frame {
  call: CallFrame;
  name: string;
  origin: Origin;
  position: Position;
  /** A statement of a cell's own, outside of its functions. */
  top: boolean;
}

export interface Stack {
  frames: Frame[];
  /** Those of others that the innermost of the user's has called. */
  called: CallFrame[];
  /** Whether the innermost frame is one of them. */
  userOnTop: boolean;
  /** Past a cell's last statement. */
  atEnd: boolean;
}

export async function userStack(callFrames: CallFrame[], sources: Sources): Promise<Stack> {
  const frames: Frame[] = [];
  const called: CallFrame[] = [];
  let userOnTop = false;
  let atEnd = false;
  for (const [i, call] of callFrames.entries()) {
    const { scriptId, lineNumber, columnNumber = 0 } = call.location;
    const origin = await sources.originOf(scriptId);
    if (!origin) {
      if (!frames.length) called.push(call);
      continue;
    }
    const position = origin.locate({ line: lineNumber + 1, column: columnNumber + 1 });
    if (i === 0) userOnTop = true;
    if (!position) {
      if (i === 0) atEnd = true;
      continue;
    }
    const top = !call.scopeChain.some(({ type }) => type === 'local');
    frames.push({
      call,
      name: call.functionName || (top ? origin.name : '(anonymous)'),
      origin,
      position,
      top,
    });
  }
  return { frames, called, userOnTop, atEnd };
}

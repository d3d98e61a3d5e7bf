// What the two threads of a kernel say to each other, and the memory they share.
import type { Live } from './language/reply.js';
import type { Json } from './wire.js';

/** From the socket thread to the main thread, which evaluates. */
export type ToMain =
  | { kind: 'execute'; cell: number; code: string; count: number; content: Json }
  | { kind: 'comm'; cell: number; type: string; content: Json; metadata: Json; buffers: Uint8Array[] }
  | { kind: 'members'; id: number; live: Live }
  | { kind: 'abort'; cell: number }
  | { kind: 'settle'; upTo: number }
  | { kind: 'input'; question: number; value: string }
  | { kind: 'answer'; id: number; content: Json }
  | { kind: 'shutdown' };

/**
 * What the main thread asks of the other threads: of a name, of the inputs so far; that the cells be forgotten, a file be
 * remembered as one, or the settings of cells be changed.
 */
export type Asked = 'inspect' | 'history' | 'forget' | 'ran' | 'settings';

/** From the main thread to the socket thread. `cell` names the request that an output belongs to. */
export type ToSockets =
  | { kind: 'stream'; cell: number; name: 'stdout' | 'stderr'; text: string }
  | { kind: 'publish'; cell: number; type: string; content: Json; metadata?: Json; buffers?: Uint8Array[] }
  | { kind: 'reply'; cell: number; content: Json }
  /** A request that still runs, and holds nothing up. */
  | { kind: 'handled'; cell: number }
  | { kind: 'members'; id: number; names: string[] }
  | { kind: 'ask'; id: number; question: Asked; content: Json }
  | { kind: 'input'; cell: number; question: number; prompt: string; password: boolean };

/** How messages travel to the socket thread: numbered, for their place among what is written to the descriptors. */
export interface Posted {
  number: number;
  messages: ToSockets[];
}

/** Slots of the shared Int32Array. */
export const FLAG = {
  /** The signals of all cells up to this one are aborted, seen by polling code even before the event loop turns. */
  ABORTED: 0,
  /** How many callers of the running cells have promised to end by themselves. */
  COOPERATING: 1,
  /** Who ends the running cells: see CLAIM. */
  CLAIM: 2,
  /** Why they are ended: see WHY. */
  WHY: 3,
  /** The number of the messages that the socket thread has handled last. */
  HANDLED: 4,
  SLOTS: 5,
} as const;

export const WHY = { INTERRUPT: 0, MEMORY: 1 } as const;

/** Settling and terminating race; whoever swaps FREE for its own value first has won. */
export const CLAIM = { FREE: 0, MAIN: 1, SOCKETS: 2 } as const;

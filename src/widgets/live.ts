// The widgets there are: found by id, asked for by the front end, closed when nobody has them any more.
import type { Comm, Comms } from '../kernel/comms.js';
import { joinBuffers, splitBuffers, type Json } from './state.js';

export const PROTOCOL = '2.1.0';
const TARGET = 'jupyter.widget';

/** What this file needs to know of a widget. */
export interface Live {
  readonly modelId: string;
  /** What its front end is told of it. */
  getState(): Json;
  receive(data: Json): unknown;
  /** The front end has closed it. */
  ended(): void;
}

const live = new Map<string, WeakRef<Live>>();
/** Those that somebody may see. Of the others, only who holds the object can want them. */
const kept = new Set<Live>();
const gone = new FinalizationRegistry<Comm>((comm) => {
  live.delete(comm.id);
  comm.close();
});
const controlled = new WeakSet<Comms>();

const comms = (): Comms | undefined =>
  (globalThis as Record<symbol, unknown>)[Symbol.for('cellgrad.comms')] as Comms | undefined;

/** Tells the front end of a new widget; undefined where there is no kernel and so no front end. */
export function open(widget: Live): Comm | undefined {
  const kernel = comms();
  if (!kernel) return undefined;
  answerControl(kernel);
  const { buffers, ...data } = splitBuffers(widget.getState());
  const comm = kernel.open(TARGET, data, {
    id: widget.modelId,
    metadata: { version: PROTOCOL },
    buffers,
  });
  // the kernel holds these functions for as long as the comm is open, and they must not hold the widget
  const ref = new WeakRef(widget);
  comm.onMessage(({ data, buffers }) => {
    if (data.state) data.state = joinBuffers(data.state as Json, data.buffer_paths, buffers);
    if (data.method === 'custom') data.buffers = buffers;
    return ref.deref()?.receive(data);
  });
  comm.onClose(() => ref.deref()?.ended());
  live.set(widget.modelId, ref);
  gone.register(widget, comm, widget);
  return comm;
}

export function forget(widget: Live): void {
  live.delete(widget.modelId);
  kept.delete(widget);
  gone.unregister(widget);
}

/** It has been shown, or works in the front end unseen: it lives until it is closed. */
export function keep(widget: Live): void {
  if (live.has(widget.modelId)) kept.add(widget);
}

export function find(id: string): Live | undefined {
  return live.get(id)?.deref();
}

export function all(): Live[] {
  return [...live.values()].flatMap((ref) => ref.deref() ?? []);
}

/** A front end that comes later, such as a reloaded page, asks for all there is. */
function answerControl(kernel: Comms): void {
  if (controlled.has(kernel)) return;
  controlled.add(kernel);
  kernel.target(`${TARGET}.control`, (comm) =>
    comm.onMessage(({ data }) => {
      if (data.method !== 'request_states') return;
      const states: Json = {};
      for (const widget of all()) {
        const state = widget.getState();
        states[widget.modelId] = {
          model_name: state._model_name,
          model_module: state._model_module,
          model_module_version: state._model_module_version,
          state,
        };
      }
      const { state, buffer_paths, buffers } = splitBuffers(states);
      comm.send({ method: 'update_states', states: state, buffer_paths }, { buffers });
    }),
  );
}

// The widgets of a run, as a notebook's metadata keeps them for front ends that have no kernel.
import type { Notebook } from './notebook.js';

type Json = Record<string, unknown>;
type Path = (string | number)[];

export const STATE = 'application/vnd.jupyter.widget-state+json';
export const VIEW = 'application/vnd.jupyter.widget-view+json';

/** A widget as it is saved. */
export interface SavedWidget {
  model_name: string;
  model_module: string;
  model_module_version: string;
  state: Json;
  buffers?: { encoding: 'base64'; path: Path; data: string }[];
}

interface Known {
  state: Json;
  /** Bytes by where they belong, which is a key of the state first. */
  buffers: Map<string, { path: Path; bytes: Uint8Array }>;
}

/** Follows what a kernel says of its widgets. */
export class WidgetStates {
  private readonly widgets = new Map<string, Known>();

  take(type: string, content: Json, buffers: Uint8Array[]): void {
    const id = String(content.comm_id);
    if (type === 'comm_open' && content.target_name === 'jupyter.widget')
      this.widgets.set(id, { state: {}, buffers: new Map() });
    if (type === 'comm_close') this.widgets.delete(id);
    const known = this.widgets.get(id);
    const { state, buffer_paths } = (content.data ?? {}) as { state?: Json; buffer_paths?: Path[] };
    if (!known || !state || !type.startsWith('comm_')) return;
    for (const key of Object.keys(state)) this.forget(known, key);
    Object.assign(known.state, state);
    for (const [i, path] of (buffer_paths ?? []).entries()) {
      if (path.length === 1) this.forget(known, String(path[0]));
      known.buffers.set(JSON.stringify(path), { path, bytes: buffers[i] ?? new Uint8Array() });
    }
  }

  /** Puts them into the notebook's metadata. */
  write(notebook: Notebook): void {
    if (!this.widgets.size) return;
    const state: Record<string, SavedWidget> = {};
    for (const [id, { state: all, buffers }] of this.widgets) {
      const saved: SavedWidget = {
        model_name: String(all._model_name),
        model_module: String(all._model_module),
        model_module_version: String(all._model_module_version),
        state: all,
      };
      if (buffers.size)
        saved.buffers = [...buffers.values()].map(({ path, bytes }) => ({
          encoding: 'base64',
          path,
          data: Buffer.from(bytes).toString('base64'),
        }));
      state[id] = saved;
    }
    notebook.metadata.widgets = { [STATE]: { version_major: 2, version_minor: 0, state } };
  }

  private forget({ buffers }: Known, key: string): void {
    for (const [name, { path }] of buffers) if (String(path[0]) === key) buffers.delete(name);
  }
}

/** The widgets that a notebook's metadata hold, by their ids. */
export function savedWidgets({ metadata }: Notebook): Record<string, SavedWidget> {
  const { widgets } = metadata as { widgets?: Record<string, { state?: Record<string, SavedWidget> }> };
  return widgets?.[STATE]?.state ?? {};
}

// TensorFlow SavedModels: a graph with its variables in a session.

import type { CApi } from './c-api.js';
import { ComputeError } from './errors.js';

type Pointer = unknown;

interface Place {
  oper: Pointer;
  index: number;
}

/** What a session needs of the binding. */
export interface SessionContext {
  c: CApi;
  status: Pointer;
  /** Throws what the last call left in the status. */
  check: (where: string) => void;
}

/** The SavedModels of a process, by number. */
export class SavedModels {
  private readonly models = new Map<number, { session: Pointer; graph: Pointer; folder: string }>();
  private next = 1;

  constructor(private readonly context: SessionContext) {}

  get size(): number {
    return this.models.size;
  }

  /** Loads the graph with these tags, separated by commas, and its variables. */
  load(folder: string, tags: string): number {
    const { c, status, check } = this.context;
    if (typeof folder !== 'string' || typeof tags !== 'string' || folder.includes('\0'))
      throw new ComputeError('op', 'A SavedModel is loaded from a folder, by tags separated with commas.');
    const list = tags.split(',');
    const graph = c.graph.create();
    const options = c.sessions.newOptions();
    try {
      const session = c.sessions.load(options, null, folder, list, list.length, graph, null, status);
      check(`loading the SavedModel in ${folder}`);
      this.models.set(this.next, { session, graph, folder });
      return this.next++;
    } catch (error) {
      c.graph.dispose(graph);
      throw error;
    } finally {
      c.sessions.deleteOptions(options);
    }
  }

  /**
   * Runs a part of a model.
   * @param tensors TF_Tensors, which stay the caller's
   * @param inputs their places in the graph, `name:index`
   * @returns TF_Tensors, which are the caller's
   */
  run(id: number, tensors: Pointer[], inputs: string[], outputs: string[]): Pointer[] {
    const { c, status, check } = this.context;
    const { session, graph, folder } = this.model(id);
    const where = `the SavedModel in ${folder}`;
    if (inputs.length !== tensors.length)
      throw new ComputeError(
        'op',
        `${where} was given ${tensors.length} tensors for the inputs ${inputs.join(', ')}.`,
      );
    const places = (names: string[]): Place[] => names.map((name) => this.place(graph, name, where));
    const given = BigUint64Array.from(tensors as bigint[]);
    const results = new BigUint64Array(outputs.length);
    c.sessions.run(
      ...[session, null, places(inputs), given, given.length],
      ...[places(outputs), results, results.length, null, 0, null, status],
    );
    check(`running ${where}`);
    return [...results];
  }

  private place(graph: Pointer, name: string, where: string): Place {
    const [, operation, index = '0'] = /^(.*?)(?::(\d+))?$/s.exec(name)!;
    const oper = this.context.c.sessions.operation(graph, operation);
    if (!oper) throw new ComputeError('op', `There is no ${operation} in ${where}.`);
    if (Number(index) >= (this.context.c.sessions.outputs(oper) as number))
      throw new ComputeError('op', `${operation} in ${where} has no output ${index}.`);
    return { oper, index: Number(index) };
  }

  delete(id: number): void {
    const { c, status, check } = this.context;
    const { session, graph, folder } = this.model(id);
    this.models.delete(id);
    c.sessions.close(session, status);
    c.sessions.dispose(session, status);
    c.graph.dispose(graph);
    check(`closing the SavedModel in ${folder}`);
  }

  private model(id: number): { session: Pointer; graph: Pointer; folder: string } {
    const model = this.models.get(id);
    if (!model)
      throw new ComputeError('disposed', `There is no SavedModel ${id}; it may have been disposed.`);
    return model;
  }
}

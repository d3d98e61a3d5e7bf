// What the kernel publishes, gathered into the outputs of the cells it belongs to.
import type { MimeBundle, Output } from './runner/notebook.js';

type Json = Record<string, unknown>;

export class Outputs {
  private readonly displays = new Map<string, Extract<Output, { data: MimeBundle }>[]>();
  /** Cells whose outputs go when the next one arrives. */
  private readonly clearing = new Set<Output[]>();

  /** Takes one message into a cell's list; other kinds of message change nothing. */
  take(outputs: Output[], type: string, content: Json): void {
    switch (type) {
      case 'stream':
        return this.stream(outputs, content as { name: 'stdout' | 'stderr'; text: string });
      case 'display_data':
      case 'execute_result':
        return this.data(outputs, type, content);
      case 'update_display_data':
        return this.update(content);
      case 'error': {
        const { ename, evalue, traceback } = content as {
          ename: string;
          evalue: string;
          traceback: string[];
        };
        return this.add(outputs, { output_type: 'error', ename, evalue, traceback });
      }
      case 'clear_output':
        if (content.wait) this.clearing.add(outputs);
        else outputs.length = 0;
    }
  }

  private add(outputs: Output[], output: Output): void {
    if (this.clearing.delete(outputs)) outputs.length = 0;
    outputs.push(output);
  }

  private stream(outputs: Output[], { name, text }: { name: 'stdout' | 'stderr'; text: string }): void {
    const last = this.clearing.has(outputs) ? undefined : outputs.at(-1);
    if (last?.output_type === 'stream' && last.name === name) last.text += text;
    else this.add(outputs, { output_type: 'stream', name, text });
  }

  private data(outputs: Output[], type: 'display_data' | 'execute_result', content: Json): void {
    const data = content.data as MimeBundle;
    const metadata = (content.metadata ?? {}) as Json;
    const output =
      type === 'display_data'
        ? ({ output_type: type, data, metadata } as const)
        : ({
            output_type: type,
            data,
            metadata,
            execution_count: content.execution_count as number,
          } as const);
    const id = displayId(content);
    if (id !== undefined) this.displays.set(id, [...(this.displays.get(id) ?? []), output]);
    this.add(outputs, output);
  }

  /** Replaces a display wherever it stands, be it in an earlier cell. */
  private update(content: Json): void {
    for (const output of this.displays.get(displayId(content) ?? '') ?? []) {
      output.data = content.data as MimeBundle;
      output.metadata = (content.metadata ?? {}) as Json;
    }
  }
}

const displayId = (content: Json): string | undefined =>
  (content.transient as { display_id?: string } | undefined)?.display_id;

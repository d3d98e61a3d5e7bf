// Notebooks for tests, made of texts.

type Json = Record<string, unknown>;

export interface SampleCell {
  cell_type: string;
  source: string | string[];
  metadata: Json;
  id?: string;
  [key: string]: unknown;
}

export const kernelspec = { name: 'cellgrad', language: 'typescript', display_name: 'TypeScript (cellgrad)' };

export function code(source: string, more: Json = {}): SampleCell {
  return { cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null, ...more };
}

export const tagged = (source: string, ...tags: string[]): SampleCell => code(source, { metadata: { tags } });

export const markdown = (source: string, more: Json = {}): SampleCell => ({
  cell_type: 'markdown',
  source,
  metadata: {},
  ...more,
});

export function sample(cells: (SampleCell | string)[], metadata: Json = { kernelspec }): string {
  return JSON.stringify({
    cells: cells.map((cell, i) => ({ id: `cell-${i}`, ...(typeof cell === 'string' ? code(cell) : cell) })),
    metadata,
    nbformat: 4,
    nbformat_minor: 5,
  });
}

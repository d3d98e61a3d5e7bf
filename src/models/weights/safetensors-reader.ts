// Reads safetensors (https://github.com/huggingface/safetensors): a JSON header, then the values, one tensor after the other.

import { FileBytes } from './file-bytes.js';
import { refuse } from './refuse.js';
import { isShape, sizeOf, type Stored, type WeightsFile } from './stored.js';
import { decode, isDtype, widths } from './values.js';

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [from: number, to: number];
}

/** The format's own limit. */
const LONGEST_HEADER = 100_000_000;

/** Opens a file; its header is checked against its size, so that every tensor can be read. */
export async function openSafetensors(path: string): Promise<WeightsFile> {
  const file = await FileBytes.open(path);
  try {
    const length = file.size >= 8 ? Number((await file.part(0, 8)).readBigUInt64LE()) : 0;
    if (length < 2 || length > LONGEST_HEADER || 8 + length > file.size)
      refuse('its header does not fit into it');
    const { __metadata__, ...entries } = parse((await file.part(8, length)).toString());
    const start = 8 + length;
    checkSpans(entries, file.size - start);
    const tensors = new Map<string, Stored>();
    for (const [name, { dtype, shape, data_offsets: span }] of Object.entries(entries)) {
      if (!isDtype(dtype))
        return refuse(`${name} is of type ${dtype}; it can be ${Object.keys(widths).join(', ')}`);
      tensors.set(name, {
        shape,
        async read(scratch) {
          const raw = scratch.bytes(span[1] - span[0]);
          await file.read(raw, start + span[0]);
          return decode(dtype, raw, scratch);
        },
      });
    }
    return {
      format: 'safetensors',
      layout: 'torch',
      tensors,
      metadata: texts(__metadata__),
      bytes: file.size,
      checked: true,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function parse(text: string): Record<string, Entry> {
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return header as Record<string, Entry>;
  } catch {
    // said below
  }
  return refuse('its header is no JSON');
}

const isSpan = (v: unknown): boolean =>
  Array.isArray(v) && v.length === 2 && v.every((n) => Number.isSafeInteger(n) && n >= 0) && v[0] <= v[1];

/** Every tensor has the bytes that its shape needs, and they lie one after the other to the end of the file. */
function checkSpans(entries: Record<string, Entry>, room: number): void {
  const spans: Array<[from: number, to: number, name: string]> = [];
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: span } = entry ?? {};
    if (!isShape(shape) || !isSpan(span)) refuse(`the entry of ${name} is malformed`);
    if (span[1] > room) refuse(`${name} does not fit into it`);
    if (isDtype(dtype) && span[1] - span[0] !== widths[dtype] * sizeOf(shape))
      refuse(
        `${name} needs ${widths[dtype] * sizeOf(shape)} bytes by its shape, and has ${span[1] - span[0]}`,
      );
    spans.push([...span, name]);
  }
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let end = 0;
  for (const [from, to, name] of spans) {
    if (from < end) refuse(`its tensors overlap at ${name}`);
    if (from > end) refuse(`${from - end} bytes before ${name} belong to no tensor`);
    end = to;
  }
  if (end < room) refuse(`${room - end} bytes at its end belong to no tensor`);
}

const texts = (metadata: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries((metadata ?? {}) as object).filter(([, v]) => typeof v === 'string'),
  ) as Record<string, string>;

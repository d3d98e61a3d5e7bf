// Data elements as bytes: the writing half of DICOM, as much of it as a copy with changes needs.

import {
  BIG_ENDIAN,
  EXPLICIT,
  IMPLICIT,
  isNative,
  PIXELS,
  type DataSet,
  type Element,
  type Parsed,
} from './parse.js';
import { attribute } from './tags.js';

/** How elements are encoded. */
interface Encoding {
  explicit: boolean;
  little: boolean;
}

/** A new value for an element, or its items; undefined takes it out. `keep` leaves it as it is. */
export type Change = 'keep' | undefined | { vr: string; value: string | Uint8Array };
/** Decides what becomes of an element; sequences that are kept are entered. */
export type Edit = (tag: string, vr: string, element: Element, dataset: DataSet) => Change;
/** Elements to add, by tag. */
export type Additions = Record<string, { vr: string; value: string | Uint8Array }>;

const longForm = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const undefinedLength = 0xffffffff;

/** The file with an edit made to every element. File meta is written anew; deflated files become explicit little endian. */
export function rewrite(parsed: Parsed, edit: Edit, additions: Additions): Buffer {
  const syntax =
    isNative(parsed.syntax) && parsed.syntax !== IMPLICIT && parsed.syntax !== BIG_ENDIAN
      ? EXPLICIT
      : parsed.syntax;
  const encoding = { explicit: syntax !== IMPLICIT, little: syntax !== BIG_ENDIAN };
  const body = elements(parsed.dataset, encoding, edit, additions);
  const kept = body.uids;
  const meta = { explicit: true, little: true };
  const own = Buffer.concat([
    element('x00020001', { vr: 'OB', value: Uint8Array.of(0, 1) }, meta),
    element('x00020002', { vr: 'UI', value: kept.class }, meta),
    element('x00020003', { vr: 'UI', value: kept.instance }, meta),
    element('x00020010', { vr: 'UI', value: syntax }, meta),
    element('x00020012', { vr: 'UI', value: '2.25.301877124312034968520178442319842103517' }, meta),
    element('x00020013', { vr: 'SH', value: 'CELLGRAD' }, meta),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(own.length);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element('x00020000', { vr: 'UL', value: length }, meta),
    own,
    body.bytes,
  ]);
}

function elements(
  dataset: DataSet,
  encoding: Encoding,
  edit: Edit,
  additions: Additions = {},
): { bytes: Buffer; uids: { class: string; instance: string } } {
  const uids = { class: '', instance: '' };
  const parts = new Map<string, Buffer>();
  for (const [tag, found] of Object.entries(dataset.elements)) {
    // file meta is written anew; group lengths are retired, and would be wrong
    if (tag < 'x0004' || tag.endsWith('0000') || tag.startsWith('xfffe')) continue;
    const vr = vrOf(tag, found);
    const change = edit(tag, vr, found, dataset);
    if (change === undefined) continue;
    if (change !== 'keep') parts.set(tag, element(tag, change, encoding));
    else if (found.items) parts.set(tag, sequence(tag, found, encoding, edit));
    else if (tag === PIXELS && found.encapsulatedPixelData)
      parts.set(tag, encapsulated(dataset, found, encoding));
    else parts.set(tag, element(tag, { vr, value: raw(dataset, found) }, encoding));
    const value = change === 'keep' ? dataset.string(tag) : String(change.value);
    if (tag === 'x00080016') uids.class = value ?? '';
    if (tag === 'x00080018') uids.instance = value ?? '';
  }
  for (const [tag, value] of Object.entries(additions)) parts.set(tag, element(tag, value, encoding));
  return {
    bytes: Buffer.concat([...parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes)),
    uids,
  };
}

/** The element's own value representation, else the dictionary's. */
export const vrOf = (tag: string, { vr, items }: Element): string =>
  items ? 'SQ' : vr && vr !== 'UN' ? vr : (attribute(tag)?.vr ?? 'UN');

const raw = (dataset: DataSet, { dataOffset, length }: Element): Uint8Array =>
  dataset.byteArray.subarray(dataOffset, dataOffset + length);

function head(tag: string, vr: string, length: number, { explicit, little }: Encoding): Buffer {
  const long = !explicit || longForm.has(vr);
  const out = Buffer.alloc(!explicit ? 8 : long ? 12 : 8);
  const numbers = [parseInt(tag.slice(1, 5), 16), parseInt(tag.slice(5), 16)];
  numbers.forEach((n, i) => (little ? out.writeUInt16LE(n, 2 * i) : out.writeUInt16BE(n, 2 * i)));
  if (explicit) out.write(vr, 4, 'latin1');
  const at = out.length - 4;
  if (explicit && !long) {
    if (little) out.writeUInt16LE(length, 6);
    else out.writeUInt16BE(length, 6);
  } else if (little) out.writeUInt32LE(length, at);
  else out.writeUInt32BE(length, at);
  return out;
}

/** Values have an even length: text ends in a space, UIDs and bytes in a zero. */
function element(
  tag: string,
  { vr, value }: { vr: string; value: string | Uint8Array },
  encoding: Encoding,
): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  const odd = bytes.length % 2 === 1;
  const text = typeof value === 'string' && vr !== 'UI';
  return Buffer.concat([
    head(tag, vr, bytes.length + Number(odd), encoding),
    bytes,
    ...(odd ? [Buffer.from(text ? ' ' : '\0')] : []),
  ]);
}

/** Items have no value representation. */
const mark = (tag: string, length: number, { little }: Encoding): Buffer =>
  head(tag, '', length, { explicit: false, little });

function sequence(tag: string, { items }: Element, encoding: Encoding, edit: Edit): Buffer {
  return Buffer.concat([
    head(tag, 'SQ', undefinedLength, encoding),
    ...items!.flatMap(({ dataSet }) => [
      mark('xfffee000', undefinedLength, encoding),
      dataSet ? elements(dataSet, encoding, edit).bytes : Buffer.alloc(0),
      mark('xfffee00d', 0, encoding),
    ]),
    mark('xfffee0dd', 0, encoding),
  ]);
}

function encapsulated(
  dataset: DataSet,
  { basicOffsetTable = [], fragments = [] }: Element,
  encoding: Encoding,
): Buffer {
  const table = Buffer.alloc(basicOffsetTable.length * 4);
  basicOffsetTable.forEach((offset, i) => table.writeUInt32LE(offset, 4 * i));
  return Buffer.concat([
    head(PIXELS, 'OB', undefinedLength, encoding),
    mark('xfffee000', table.length, encoding),
    table,
    ...fragments.flatMap(({ position, length }) => [
      mark('xfffee000', length, encoding),
      dataset.byteArray.subarray(position, position + length),
    ]),
    mark('xfffee0dd', 0, encoding),
  ]);
}

/** A sequence with one item of these elements, as bytes that stand for it in an addition. */
export function item(content: Additions, explicit: boolean, little: boolean): Buffer {
  const encoding = { explicit, little };
  const inner = Buffer.concat(
    Object.entries(content)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([tag, value]) => element(tag, value, encoding)),
  );
  return Buffer.concat([mark('xfffee000', inner.length, encoding), inner]);
}

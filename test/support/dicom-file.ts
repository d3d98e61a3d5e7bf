// DICOM files by hand, explicit little endian: the elements that a test names, and what an image needs beside them.

export type Value = string | readonly number[] | Uint8Array | Elements[];
/** By tag, 0x00280010; numbers are US or SS, texts of the type given, lists of elements the items of a sequence. */
export type Elements = Record<number, readonly [vr: string, value: Value]>;

export interface FileOptions {
  /** UID of the transfer syntax. */
  syntax?: string;
  /** The preamble, DICOM's mark and the file meta are left out. */
  bare?: boolean;
  /** Fragments of compressed pixels, in place of PixelData. */
  fragments?: readonly Uint8Array[];
}

const long = new Set(['OB', 'OF', 'OW', 'SQ', 'UN']);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const even = (bytes: Uint8Array, pad = 0): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(bytes.length % 2, pad)]);

function tagged(tag: number, rest: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  return Buffer.concat([head, rest]);
}

const item = (tag: number, content: Uint8Array): Buffer =>
  tagged(tag, Buffer.concat([u32(content.length), content]));

function element(tag: number, vr: string, value: Value): Buffer {
  let bytes: Buffer;
  if (typeof value === 'string') bytes = even(Buffer.from(value, 'latin1'), vr === 'UI' ? 0 : 32);
  else if (value instanceof Uint8Array) bytes = even(value);
  else if (vr === 'SQ')
    bytes = Buffer.concat((value as Elements[]).map((inner) => item(0xfffee000, body(inner))));
  else bytes = Buffer.from(Uint16Array.from(value as readonly number[]).buffer);
  const size = u32(bytes.length);
  return tagged(
    tag,
    Buffer.concat([
      Buffer.from(vr),
      ...(long.has(vr) ? [Buffer.alloc(2), size] : [size.subarray(0, 2)]),
      bytes,
    ]),
  );
}

const body = (elements: Elements): Buffer =>
  Buffer.concat(
    Object.entries(elements)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([tag, [vr, value]]) => element(Number(tag), vr, value)),
  );

/** A file with these elements. */
export function dicomFile(
  elements: Elements,
  { syntax = '1.2.840.10008.1.2.1', bare = false, fragments }: FileOptions = {},
): Buffer {
  const meta = element(0x00020010, 'UI', syntax);
  const packed = fragments && [
    tagged(0x7fe00010, Buffer.from('OB\0\0\xff\xff\xff\xff', 'latin1')),
    item(0xfffee000, Buffer.alloc(0)),
    ...fragments.map((fragment) => item(0xfffee000, even(fragment))),
    item(0xfffee0dd, Buffer.alloc(0)),
  ];
  return Buffer.concat([
    ...(bare
      ? []
      : [Buffer.alloc(128), Buffer.from('DICM'), element(0x00020000, 'UL', u32(meta.length)), meta]),
    body(elements),
    ...(packed ?? []),
  ]);
}

/** What says how the pixels of an image lie: 16 bits and grey unless `more` says otherwise. */
export const imageElements = (rows: number, columns: number, more: Elements = {}): Elements => ({
  0x00280002: ['US', [1]],
  0x00280004: ['CS', 'MONOCHROME2'],
  0x00280010: ['US', [rows]],
  0x00280011: ['US', [columns]],
  0x00280100: ['US', [16]],
  0x00280101: ['US', [16]],
  0x00280102: ['US', [15]],
  0x00280103: ['US', [0]],
  ...more,
});

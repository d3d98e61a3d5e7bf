// Compressed frames to samples: JPEG of 8 bits by sharp; JPEG of more and lossless, JPEG-LS and JPEG 2000 by libraries in WebAssembly.

import { createRequire } from 'node:module';
import type * as DcmjsCodecs from 'dcmjs-codecs';
import { lazily } from '../../lazy.js';
import { jpegHead, type JpegHead } from '../jpeg.js';
import type { Header } from './header.js';
import { unpackRle } from './rle.js';

/** A frame's samples, unpacked. */
export interface Unpacked {
  /** Little endian, `bytesEach` a sample, colour by pixel. */
  bytes: Uint8Array<ArrayBufferLike>;
  bytesEach: number;
  /** Already red, green and blue, whatever the photometric interpretation says. */
  rgb?: boolean;
}

/** What of a header codecs need. */
type Shape = Pick<Header, 'rows' | 'columns' | 'samples' | 'allocated' | 'photometric'>;

/** A compressed frame, as it can be sent to another thread. */
export interface PackedFrame {
  syntax: string;
  bytes: Uint8Array;
  shape: Shape;
}

type Codec = (packed: Uint8Array, shape: Shape) => Unpacked | Promise<Unpacked>;

const require = createRequire(import.meta.url);

const codecs: Record<string, { name: string; decode: Codec }> = {
  '1.2.840.10008.1.2.5': { name: 'RLE', decode: rle },
  '1.2.840.10008.1.2.4.50': { name: 'JPEG baseline', decode: jpeg },
  '1.2.840.10008.1.2.4.51': { name: 'JPEG extended', decode: extended },
  '1.2.840.10008.1.2.4.57': { name: 'JPEG lossless', decode: lossless },
  '1.2.840.10008.1.2.4.70': { name: 'JPEG lossless', decode: lossless },
  '1.2.840.10008.1.2.4.80': { name: 'JPEG-LS', decode: jpegLs },
  '1.2.840.10008.1.2.4.81': { name: 'JPEG-LS', decode: jpegLs },
  '1.2.840.10008.1.2.4.90': { name: 'JPEG 2000', decode: jpeg2000 },
  '1.2.840.10008.1.2.4.91': { name: 'JPEG 2000', decode: jpeg2000 },
};

/** What a transfer syntax is called; undefined where it is none that is decoded. */
export const codecName = (syntax: string): string | undefined =>
  Object.hasOwn(codecs, syntax) ? codecs[syntax].name : undefined;

export async function unpackFrame({ syntax, bytes, shape }: PackedFrame): Promise<Unpacked> {
  return codecs[syntax].decode(bytes, shape);
}

function rle(packed: Uint8Array, { rows, columns, samples, allocated }: Shape): Unpacked {
  const bytesEach = Math.ceil(allocated / 8);
  return { bytes: unpackRle(packed, rows * columns, samples, bytesEach), bytesEach };
}

async function jpeg(packed: Uint8Array, shape: Shape): Promise<Unpacked> {
  const { default: sharp } = await import('sharp');
  // without a word of its own in the stream, decoders take three channels for YBR
  const isRgb = shape.photometric === 'RGB' && jpegHead(packed)?.saysColours === false;
  const image = sharp(isRgb ? asRgb(packed) : packed, { failOn: 'error' });
  const { data, info } = await (shape.samples === 1 ? image.toColourspace('b-w') : image)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  expect(shape, info.width, info.height, info.channels);
  return { bytes: data, bytesEach: 1, rgb: true };
}

/** A JPEG stream that says, by Adobe's marker, that its channels are red, green and blue. */
function asRgb(stream: Uint8Array): Buffer {
  const adobe = Buffer.from('\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0', 'latin1');
  return Buffer.concat([stream.subarray(0, 2), adobe, stream.subarray(2)]);
}

/** JPEG extended (processes 2 and 4): of 8 bits as baseline, of 12 by libjpeg. */
async function extended(packed: Uint8Array, shape: Shape): Promise<Unpacked> {
  const head = jpegHead(packed);
  if (head?.bits !== 12) return jpeg(packed, shape);
  if (shape.samples !== 1) throw new Error('it is in colour of 12 bits a sample');
  return libjpeg(packed, shape, head);
}

function lossless(packed: Uint8Array, shape: Shape): Promise<Unpacked> {
  const head = jpegHead(packed);
  if (!head) throw new Error('it does not begin as JPEG does');
  return libjpeg(packed, shape, head);
}

const nativeCodecs = lazily<typeof DcmjsCodecs>('dcmjs-codecs');
let starting: Promise<void> | undefined;

/** By libjpeg as WebAssembly: up to 16 bits, lossless too. */
async function libjpeg(packed: Uint8Array, shape: Shape, head: JpegHead): Promise<Unpacked> {
  expect(shape, head.width, head.height, head.channels);
  // the library makes grey of what is missing
  const end = Buffer.from(packed.buffer, packed.byteOffset, packed.length).subarray(-4);
  if (!end.includes('\xff\xd9', 0, 'latin1')) throw new Error('it is cut off');
  const { Context, NativeCodecs } = nativeCodecs();
  starting ??= NativeCodecs.initializeAsync({ logCodecsInfo: false, logCodecsTrace: false });
  await starting;
  const bytesEach = head.bits > 8 ? 2 : 1;
  const frame = new Context({
    width: shape.columns,
    height: shape.rows,
    bitsAllocated: 8 * bytesEach,
    bitsStored: head.bits,
    samplesPerPixel: shape.samples,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: shape.samples === 3 ? 'RGB' : 'MONOCHROME2',
    encodedBuffer: packed,
  });
  return { bytes: NativeCodecs.decodeJpeg(frame).getDecodedBuffer()!, bytesEach };
}

/** What the two WebAssembly codecs share. */
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  decode(): void;
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
  getInterleaveMode?(): number;
  delete(): void;
}
type WasmModule = Record<string, new () => WasmDecoder>;
const modules = new Map<string, Promise<WasmModule>>();

async function wasm(name: string, decoderName: string, packed: Uint8Array, shape: Shape): Promise<Unpacked> {
  let loading = modules.get(name);
  if (!loading) {
    const start = require(`@cornerstonejs/${name}/decodewasmjs`) as (options: object) => Promise<WasmModule>;
    modules.set(name, (loading = start({ print: () => undefined, printErr: () => undefined })));
  }
  const decoder = new (await loading)[decoderName]();
  try {
    decoder.getEncodedBuffer(packed.length).set(packed);
    decoder.decode();
    const { width, height, bitsPerSample, componentCount } = decoder.getFrameInfo();
    expect(shape, width, height, componentCount);
    const bytesEach = bitsPerSample > 8 ? 2 : 1;
    let bytes: Uint8Array = decoder.getDecodedBuffer().slice();
    // JPEG-LS may keep colour by plane
    if (componentCount === 3 && decoder.getInterleaveMode?.() === 0) bytes = byPixel(bytes, 3, bytesEach);
    return { bytes, bytesEach };
  } finally {
    decoder.delete();
  }
}

function jpegLs(packed: Uint8Array, shape: Shape): Promise<Unpacked> {
  return wasm('codec-charls', 'JpegLSDecoder', packed, shape);
}

async function jpeg2000(packed: Uint8Array, shape: Shape): Promise<Unpacked> {
  const { signs, mixed } = j2kHead(packed);
  // the library makes 0 of what is negative in 8 bits: it gets a stream that says it has no signs, whose values are 128 more
  const shifted = signs !== undefined;
  const stream = shifted ? packed.with(signs, packed[signs] & 0x7f) : packed;
  const unpacked = await wasm('codec-openjpeg', 'J2KDecoder', stream, shape);
  const bytes = shifted ? unpacked.bytes.map((v) => v ^ 0x80) : unpacked.bytes;
  // the codestream's own colour transform has been undone
  return {
    ...unpacked,
    bytes,
    rgb: shape.samples === 3 && (mixed || !shape.photometric.startsWith('YBR_FULL')),
  };
}

/** Where a JPEG 2000 codestream of one channel says that its values have 8 bits and a sign, and whether its colours are transformed. */
function j2kHead(packed: Uint8Array): { signs?: number; mixed: boolean } {
  const view = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  let signs: number | undefined;
  let at = view.indexOf('\xff\x4f\xff\x51', 0, 'latin1') + 2;
  // the segments of the main header (ITU-T T.800 A.2), which ends with the first tile
  for (; at > 1 && at + 40 < view.length && view[at + 1] !== 0x90; at += 2 + view.readUInt16BE(at + 2)) {
    if (view[at + 1] === 0x51 && view.readUInt16BE(at + 38) === 1 && view[at + 40] === 0x87) signs = at + 40;
    if (view[at + 1] === 0x52) return { signs, mixed: view[at + 8] === 1 };
  }
  return { signs, mixed: false };
}

/** Throws where a stream holds another picture than the file says. */
function expect({ rows, columns, samples }: Shape, width: number, height: number, channels: number): void {
  if (width !== columns || height !== rows || channels !== samples)
    throw new Error(
      `its compressed picture has ${height} × ${width} pixels of ${channels} sample${channels === 1 ? '' : 's'}, not ${rows} × ${columns} of ${samples}`,
    );
}

/** Colour by plane as colour by pixel. */
export function byPixel(planes: Uint8Array, samples: number, bytesEach: number): Uint8Array {
  const out = new Uint8Array(planes.length);
  const area = planes.length / samples;
  for (let s = 0; s < samples; s++)
    for (let i = 0; i < area / bytesEach; i++)
      for (let b = 0; b < bytesEach; b++)
        out[(i * samples + s) * bytesEach + b] = planes[s * area + i * bytesEach + b];
  return out;
}

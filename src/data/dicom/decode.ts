// A DICOM image's frames as numbers with a meaning: unpacked, signed, put through slope and intercept.

import { availableParallelism } from 'node:os';
import { describeError } from '../errors.js';
import { inPool, run } from '../loader/pool.js';
import { byPixel, codecName, unpackFrame, type PackedFrame, type Unpacked } from './codecs.js';
import { toRgb } from './colour.js';
import { frameBytes } from './frames.js';
import { modalityOf, type Header } from './header.js';
import { BIG_ENDIAN, broken, guarded, isNative, type Parsed } from './parse.js';

type Stored = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

/** Values that one frame has: 3 a pixel where there is colour, a palette's too. */
export const valuesOf = (header: Header): number => header.rows * header.columns * channelsOf(header);
export const channelsOf = ({ samples, photometric }: Pick<Header, 'samples' | 'photometric'>): 1 | 3 =>
  samples === 3 || photometric === 'PALETTE COLOR' ? 3 : 1;

/** A frame that is to be decoded into `out`, which has `valuesOf` places. */
export interface Wanted {
  parsed: Parsed;
  header: Header;
  frame: number;
  out: Float32Array;
}

/** Compressed frames from which on threads take less time than it takes to start them. */
const many = 8;

/** Decodes frames; many compressed ones are unpacked in threads. Throws DataError 'image', of several that of the first. */
export async function decodeFrames(frames: readonly Wanted[], signal?: AbortSignal): Promise<void> {
  const packed = frames.filter(({ parsed }) => !isNative(parsed.syntax));
  const most = inPool || packed.length < many ? 0 : Math.min(8, availableParallelism());
  const unpack = (file: string) => (frame: PackedFrame) =>
    run('frame', { ...frame, bytes: new Uint8Array(frame.bytes) }, { most, files: [file], signal });
  let next = 0;
  const errors = new Map<number, unknown>();
  const lane = async (): Promise<void> => {
    while (next < frames.length && errors.size === 0 && !signal?.aborted) {
      const i = next++;
      const { parsed } = frames[i];
      await guarded(parsed.file, () =>
        decodeFrame(frames[i], most > 0 ? unpack(parsed.file) : unpackFrame),
      ).catch((error: unknown) => errors.set(i, error));
    }
  };
  // each thread finds its next frame waiting
  await Promise.all(Array.from({ length: Math.max(1, 2 * most) }, lane));
  signal?.throwIfAborted();
  if (errors.size > 0) throw errors.get(Math.min(...errors.keys()));
}

async function decodeFrame(
  { parsed, header, frame, out }: Wanted,
  unpack: (frame: PackedFrame) => Promise<Unpacked>,
): Promise<void> {
  const { values, bits, rgb } = await stored(parsed, header, frame, unpack);
  if (header.kind !== 'integer') return out.set(values);
  // the bits that count moved to the top and back, which drops overlays and spreads the sign
  const high = Math.min(header.high, bits - 1);
  const left = 31 - high;
  const right = 32 - Math.min(header.stored, bits);
  if (channelsOf(header) === 3) {
    const clean = header.stored === bits ? values : values.map((v) => (v << left) >>> right);
    return out.set(rgb ? clean : toRgb(parsed, header, clean));
  }
  const modality = modalityOf(parsed, header, frame);
  if ('table' in modality) {
    const { first, values: table } = modality.table;
    for (let i = 0; i < out.length; i++) {
      const v = header.signed ? (values[i] << left) >> right : (values[i] << left) >>> right;
      out[i] = table[Math.min(table.length - 1, Math.max(0, v - first))];
    }
    return;
  }
  const { slope, intercept } = modality;
  if (header.signed)
    for (let i = 0; i < out.length; i++) out[i] = ((values[i] << left) >> right) * slope + intercept;
  else for (let i = 0; i < out.length; i++) out[i] = ((values[i] << left) >>> right) * slope + intercept;
}

/** A frame's samples as they are stored, as bits without a sign. */
async function stored(
  parsed: Parsed,
  header: Header,
  frame: number,
  unpack: (frame: PackedFrame) => Promise<Unpacked>,
): Promise<{ values: Stored; bits: number; rgb?: boolean }> {
  const bytes = frameBytes(parsed, header, frame);
  const count = header.rows * header.columns * header.samples;
  if (isNative(parsed.syntax)) {
    if (header.allocated === 1) return { values: unpackBits(bytes, count, frame), bits: 1 };
    const bytesEach = header.allocated / 8;
    const native = parsed.syntax === BIG_ENDIAN ? littleEndian(bytes, header) : bytes;
    const ordered = header.planar && header.samples === 3 ? byPixel(native, 3, bytesEach) : native;
    return { values: view(ordered, bytesEach, header.kind), bits: header.allocated };
  }
  const codec = codecName(parsed.syntax);
  if (!codec)
    throw broken(
      parsed.file,
      `its transfer syntax ${parsed.syntax} is none that cellgrad decodes (uncompressed, RLE, JPEG baseline, extended and lossless, JPEG-LS, JPEG 2000)`,
    );
  const { rows, columns, samples, allocated, photometric } = header;
  let unpacked;
  try {
    unpacked = await unpack({
      syntax: parsed.syntax,
      bytes,
      shape: { rows, columns, samples, allocated, photometric },
    });
  } catch (error) {
    throw broken(
      parsed.file,
      `the ${codec} data of frame ${frame + 1} can't be decoded (${describeError(error).trim().replace(/\.$/, '')})`,
      error,
    );
  }
  const values = view(unpacked.bytes, unpacked.bytesEach, 'integer');
  if (values.length < count)
    throw broken(
      parsed.file,
      `the ${codec} data of frame ${frame + 1} hold ${values.length} of ${count} values`,
    );
  return { values, bits: unpacked.bytesEach * 8, rgb: unpacked.rgb };
}

/** Bytes as numbers, in place where they lie so that they can be. */
function view(bytes: Uint8Array, bytesEach: number, kind: Header['kind']): Stored {
  if (bytesEach === 1) return bytes;
  const aligned = bytes.byteOffset % bytesEach === 0 ? bytes : Uint8Array.from(bytes);
  const length = Math.floor(bytes.length / bytesEach);
  const Type =
    kind === 'double'
      ? Float64Array
      : kind === 'float'
        ? Float32Array
        : bytesEach === 2
          ? Uint16Array
          : Uint32Array;
  return new Type(aligned.buffer as ArrayBuffer, aligned.byteOffset, length);
}

function littleEndian(bytes: Uint8Array, { allocated, pixels }: Header): Uint8Array {
  const copy = Buffer.from(bytes);
  // words of two bytes are swapped even where they hold 8-bit samples
  if (allocated === 16 || (allocated === 8 && pixels.vr === 'OW' && copy.length % 2 === 0))
    return copy.swap16();
  return allocated === 32 ? copy.swap32() : allocated === 64 ? copy.swap64() : copy;
}

/** One bit a pixel, the lowest first; a frame may begin within a byte. */
function unpackBits(bytes: Uint8Array, count: number, frame: number): Uint8Array {
  const first = (frame * count) % 8;
  return Uint8Array.from({ length: count }, (_, i) => (bytes[(first + i) >> 3] >> ((first + i) & 7)) & 1);
}

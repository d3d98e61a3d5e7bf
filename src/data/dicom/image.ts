// One DICOM file as an image: its values, its tags, and its grey as a viewer shows it.

import { readFile } from 'node:fs/promises';
import { DataError, describeError } from '../errors.js';
import type { WindowChoice } from '../window.js';
import { channelsOf, decodeFrames, valuesOf } from './decode.js';
import { display, voiOf, type NamedWindow, type Voi } from './display.js';
import { headerOf, pixelSpacing } from './header.js';
import { identityNotes } from './identity.js';
import { guarded, parse, type Parsed } from './parse.js';
import { tagsOf, type Tags } from './tags.js';

/** A DICOM image, decoded. */
export class DicomImage {
  /** Tags are turned into values when they are first asked for. */
  #tags?: Tags;

  constructor(
    readonly file: string,
    /**
     * Values after slope and intercept (Hounsfield units for CT), or red, green and blue; row by row, MONOCHROME1 as stored (low values are
     * white).
     */
    readonly pixels: Float32Array,
    /** [rows, columns]; [frames, rows, columns] where there are several frames; with 3 at the end where there is colour. */
    readonly shape: readonly number[],
    /** Millimetres between rows, between columns; undefined where the file doesn't say. */
    readonly spacing: readonly [row: number, column: number] | undefined,
    readonly photometric: string,
    /** Names in the tags, text burnt in. */
    readonly notes: readonly string[],
    /** Samples a pixel in the file. */
    readonly samples: number,
    private readonly parsed: Parsed,
    private readonly voi: Voi,
    private readonly bits: number,
  ) {}

  /** The elements by keyword, `image.tags.PatientAge`; sequences are lists of such objects. Private elements and bytes are left out. */
  get tags(): Tags {
    return (this.#tags ??= tagsOf(this.parsed.dataset));
  }

  /** 3 where there is colour. */
  get channels(): 1 | 3 {
    return channelsOf(this);
  }

  /** UID of the transfer syntax. */
  get transferSyntax(): string {
    return this.parsed.syntax;
  }

  /** The windows that the file brings, the first being its own choice. */
  get windows(): readonly NamedWindow[] {
    return this.voi.windows;
  }

  /**
   * Grey as shown, 8 bits, of `shape`: through a window by name ('lung', 'mediastinum', 'bone', …) or { center, width }; without one through the
   * file's lookup table or first window, or from its least to its greatest value. MONOCHROME1 is turned. Colour stays as it is.
   */
  window(choice?: WindowChoice): Uint8Array {
    if (this.channels === 3) {
      const gain = 255 / (2 ** this.bits - 1);
      return Uint8Array.from(this.pixels, (v) => Math.round(v * gain));
    }
    return display(this.pixels, this.voi, this.photometric, choice);
  }
}

/**
 * Reads a DICOM file, or its bytes: uncompressed, RLE, JPEG (baseline, extended, lossless), JPEG-LS and JPEG 2000; implicit and explicit, both byte
 * orders, deflated, without a preamble. `frame` picks one of several, from 0; `name` is what
 * errors call bytes. Throws DataError 'missing', 'image' (not DICOM, no pixels,
 * cut off, nonsense; it says which) or 'option'.
 */
export async function readDicom(
  file: string | Uint8Array,
  {
    frame,
    name = typeof file === 'string' ? file : 'The file',
  }: { frame?: number | 'middle'; name?: string } = {},
): Promise<DicomImage> {
  const bytes = typeof file === 'string' ? await bytesOf(file) : file;
  return guarded(name, () => decoded(bytes, name, frame));
}

async function decoded(
  bytes: Uint8Array,
  name: string,
  chosen: number | 'middle' | undefined,
): Promise<DicomImage> {
  const parsed = parse(bytes, name);
  const header = headerOf(parsed);
  const frame = chosen === 'middle' ? Math.floor(header.frames / 2) : chosen;
  if (frame !== undefined && !(Number.isInteger(frame) && frame >= 0 && frame < header.frames))
    throw new DataError('option', `${name} has no frame ${frame}; its frames are 0 to ${header.frames - 1}.`);
  const frames = frame === undefined ? Array.from({ length: header.frames }, (_, i) => i) : [frame];
  const each = valuesOf(header);
  const colour = channelsOf(header) === 3;
  // before the memory is taken, as the claim may be nonsense
  const first = new Float32Array(each);
  await decodeFrames([{ parsed, header, frame: frames[0], out: first }]);
  const pixels = frames.length === 1 ? first : new Float32Array(each * frames.length);
  if (frames.length > 1) {
    pixels.set(first);
    const out = (i: number): Float32Array => pixels.subarray(i * each, (i + 1) * each);
    await decodeFrames(frames.slice(1).map((frame, i) => ({ parsed, header, frame, out: out(i + 1) })));
  }
  const shape = [
    ...(frames.length > 1 ? [frames.length] : []),
    header.rows,
    header.columns,
    ...(colour ? [3] : []),
  ];
  return new DicomImage(
    name,
    pixels,
    shape,
    pixelSpacing(parsed.dataset, frames[0]),
    header.photometric,
    identityNotes(parsed.dataset),
    header.samples,
    parsed,
    voiOf(parsed, header, frames[0]),
    header.photometric === 'PALETTE COLOR' ? 8 : header.stored,
  );
}

/** A file's bytes. Throws DataError 'missing', or 'image' where it can't be read. */
export async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new DataError('missing', `There is no file ${file}.`, { cause: error });
    throw new DataError('image', `${file} can't be read (${describeError(error)}).`, { cause: error });
  }
}

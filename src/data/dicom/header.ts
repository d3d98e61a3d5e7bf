// What a DICOM image says about its pixels, checked before any is decoded.

import { broken, PIXELS, type DataSet, type Element, type Parsed } from './parse.js';
import { decimals } from './tags.js';

/** How the pixels of one image are stored. */
export interface Header {
  rows: number;
  columns: number;
  frames: number;
  /** Samples a pixel: 1, or 3 for colour. */
  samples: number;
  /** Bits that a sample takes, those it uses, and the highest of them. */
  allocated: number;
  stored: number;
  high: number;
  signed: boolean;
  /** Colour by plane, not by pixel. */
  planar: boolean;
  photometric: string;
  /** 'float' and 'double' are those of Parametric Map images. */
  kind: 'integer' | 'float' | 'double';
  pixels: Element;
}

/** The most values that one image may have: 4 GB of floats. */
const most = 2 ** 30;

const kinds = { [PIXELS]: 'integer', x7fe00008: 'float', x7fe00009: 'double' } as const;

/** Throws DataError 'image' where there are no pixels, or what is said about them can't be. */
export function headerOf({ dataset, file }: Parsed): Header {
  const tag = Object.keys(kinds).find((tag) => dataset.elements[tag]) as keyof typeof kinds | undefined;
  if (!tag) {
    const what = dataset.string('x00080060');
    throw broken(
      file,
      `it has no pixels (no PixelData)${what ? `; it is an object of modality ${what}` : ''}`,
    );
  }
  const number = (tag: string, fallback?: number): number => {
    const value = dataset.uint16(tag) ?? fallback;
    if (value === undefined)
      throw broken(file, `it has pixels, but not the element ${names[tag]} that says how they lie`);
    return value;
  };
  const frames = dataset.elements.x00280008 ? dataset.intString('x00280008') : 1;
  const kind = kinds[tag];
  const allocated = kind === 'integer' ? number('x00280100') : kind === 'float' ? 32 : 64;
  const stored = number('x00280101', allocated);
  const header: Header = {
    rows: number('x00280010'),
    columns: number('x00280011'),
    frames: frames === undefined || frames === 0 || Number.isNaN(frames) ? 1 : frames,
    samples: number('x00280002', 1),
    allocated,
    stored,
    high: number('x00280102', stored - 1),
    signed: number('x00280103', 0) === 1,
    planar: number('x00280006', 0) === 1,
    photometric: (dataset.string('x00280004') ?? 'MONOCHROME2').toUpperCase(),
    kind,
    pixels: dataset.elements[tag],
  };
  check(header, file);
  return header;
}

const names: Record<string, string> = {
  x00280010: 'Rows',
  x00280011: 'Columns',
  x00280100: 'BitsAllocated',
};

function check({ rows, columns, frames, samples, allocated, stored, high }: Header, file: string): void {
  if (rows === 0 || columns === 0 || frames < 0)
    throw broken(file, `it says that it has ${frames} frames of ${rows} × ${columns} pixels`);
  if (
    ![1, 8, 16, 32, 64].includes(allocated) ||
    stored < 1 ||
    stored > allocated ||
    high >= allocated ||
    high + 1 < stored
  )
    throw broken(
      file,
      `a pixel of it would use ${stored} bits up to bit ${high} of ${allocated}, which can't be`,
    );
  if (samples !== 1 && samples !== 3)
    throw broken(file, `it says ${samples} samples a pixel, where 1 or 3 can be`);
  if (rows * columns * frames * samples > most)
    throw broken(
      file,
      `it claims ${frames} frames of ${rows} × ${columns} pixels, more than fit into memory`,
    );
}

/** What turns stored values into ones with a meaning (Hounsfield units for CT): PS3.3 C.11.1. */
export type Modality = { slope: number; intercept: number } | { table: LookupTable };

/** A lookup table: the value stands at `values[stored - first]`, beyond its ends the last one. */
export interface LookupTable {
  first: number;
  values: ArrayLike<number>;
  /** Bits of its values. */
  bits: number;
}

/** Slope and intercept of a frame, its own or the image's; or the image's Modality LUT. */
export function modalityOf({ dataset }: Parsed, header: Header, frame: number): Modality {
  const own = group(dataset, frame, 'x00289145') ?? dataset;
  const slope = decimals(own, 'x00281053')?.[0];
  const intercept = decimals(own, 'x00281052')?.[0];
  if (slope === undefined && intercept === undefined) {
    const table = lookupTable(dataset.elements.x00283000?.items?.[0]?.dataSet, header.signed);
    if (table) return { table };
  }
  return { slope: slope || 1, intercept: intercept ?? 0 };
}

/** A LUT Sequence's item as a table. `negative`: whether values that are looked up may be below 0. */
export function lookupTable(item: DataSet | undefined, negative: boolean): LookupTable | undefined {
  const data = item?.elements.x00283006;
  if (!item || !data) return undefined;
  const [count, , bits] = [0, 1, 2].map((i) => item.uint16('x00283002', i) ?? 0);
  const signed = negative || item.elements.x00283002?.vr === 'SS';
  const first = (signed ? item.int16('x00283002', 1) : item.uint16('x00283002', 1)) ?? 0;
  const entries = count || 65536;
  if (data.length < entries) return undefined;
  // 8-bit values may stand one a byte
  const wide = data.length >= entries * 2;
  const values = Array.from({ length: entries }, (_, i) =>
    wide ? (item.uint16('x00283006', i) ?? 0) : item.byteArray[data.dataOffset + i],
  );
  return { first, values, bits: bits || 16 };
}

/** An item of the functional groups of an enhanced multi-frame image: the frame's, else the shared one. */
export function group(dataset: DataSet, frame: number, tag: string): DataSet | undefined {
  for (const [sequence, at] of [
    ['x52009230', frame],
    ['x52009229', 0],
  ] as const) {
    const found = dataset.elements[sequence]?.items?.[at]?.dataSet?.elements[tag]?.items?.[0]?.dataSet;
    if (found) return found;
  }
  return undefined;
}

/** Millimetres between rows, between columns: PixelSpacing, or the detector's where there is only that. */
export function pixelSpacing(dataset: DataSet, frame = 0): [row: number, column: number] | undefined {
  const measures = group(dataset, frame, 'x00289110');
  const found =
    (measures && decimals(measures, 'x00280030')) ??
    decimals(dataset, 'x00280030') ??
    decimals(dataset, 'x00181164') ??
    decimals(dataset, 'x00182010');
  return found && found.length >= 2 && found[0] > 0 && found[1] > 0 ? [found[0], found[1]] : undefined;
}

/** Where a frame lies in the patient, in mm to the Left, Posterior and Superior. */
export interface Position {
  /** Centre of the first pixel. */
  origin: number[];
  /** Directions along a row and down a column. */
  across: number[];
  down: number[];
  /** Across both: which way slices are counted. */
  normal: number[];
}

export function positionOf(dataset: DataSet, frame = 0): Position | undefined {
  const at = group(dataset, frame, 'x00209113') ?? dataset;
  const turned = group(dataset, frame, 'x00209116') ?? dataset;
  const origin = decimals(at, 'x00200032');
  const axes = decimals(turned, 'x00200037');
  if (origin?.length !== 3 || axes?.length !== 6) return undefined;
  const [across, down] = [axes.slice(0, 3), axes.slice(3)];
  const normal = [0, 1, 2].map(
    (i) => across[(i + 1) % 3] * down[(i + 2) % 3] - across[(i + 2) % 3] * down[(i + 1) % 3],
  );
  return { origin, across, down, normal };
}

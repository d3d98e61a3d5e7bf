// NIfTI-1 and NIfTI-2 files, packed or not, of either byte order.

import { existsSync } from 'node:fs';
import { readHeader, type NIFTI1, type NIFTI2 } from 'nifti-reader-js';
import { DataError, describeError } from '../errors.js';
import type { Affine } from './orient.js';
import { Volume } from './volume.js';
import { numbersOf, unpacked, type NumberType } from './voxels.js';

const types: Record<number, NumberType> = {
  2: 'uint8',
  4: 'int16',
  8: 'int32',
  16: 'float32',
  64: 'float64',
  256: 'int8',
  512: 'uint16',
  768: 'uint32',
  1024: 'int64',
  1280: 'uint64',
};

/** What a NIfTI file holds. */
export interface Nifti {
  /** Values after slope and intercept, x fastest: [time, depth, height, width] with `shape`. */
  data: Float32Array;
  /** [depth, height, width], with the number of volumes before it where there are several. */
  shape: number[];
  /** Millimetres, [depth, height, width]. */
  spacing: [number, number, number];
  /** [width, height, depth] index to mm to the Right, Anterior and Superior. */
  affine: Affine;
  /** One of its volumes (default the first), as it lies in the file; `orient('RAS')` turns it to nibabel's canonical axes. */
  volume(index?: number): Volume;
}

/** The most values that one file may have: 4 GB of floats. */
const most = 2 ** 30;

const broken = (file: string, why: string, cause?: unknown): DataError =>
  new DataError('image', `${file} can't be read as NIfTI: ${why}.`, { cause });

/** Reads a `.nii`, or a `.hdr` with its `.img`, of which either may be named; all also as `.gz`. Throws DataError 'missing' or 'image'. */
export async function readNifti(file: string): Promise<Nifti> {
  const [head, beside] = pairOf(file);
  const bytes = await unpacked(head, 'NIfTI');
  const [little, big] = bytes.length >= 4 ? [bytes.readInt32LE(0), bytes.readInt32BE(0)] : [0, 0];
  if (![348, 540].includes(little) && ![348, 540].includes(big))
    throw broken(file, `its first number (sizeof_hdr) is ${little}, where it must be 348 or 540`);
  let header: NIFTI1 | NIFTI2 | null;
  try {
    header = readHeader(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + Math.min(bytes.length, 4096)) as ArrayBuffer,
      beside !== undefined,
    );
  } catch (error) {
    throw broken(file, `its header is cut off or nonsense (${describeError(error)})`, error);
  }
  if (!header)
    throw broken(
      file,
      beside
        ? 'its header lacks the mark ni1 or ni2 of NIfTI; it may be Analyze 7.5, which is not read'
        : 'it lacks the mark n+1 or n+2 of a NIfTI file with its voxels in it',
    );
  const [rank, ...all] = header.dims;
  const dims = all.slice(0, rank);
  if (!(rank >= 1 && rank <= 7) || !dims.every((n) => Number.isInteger(n) && n > 0))
    throw broken(file, `it says that its sides are ${dims.join(' × ') || 'none'}`);
  const [width, height = 1, depth = 1, ...more] = dims;
  const volumes = more.reduce((a, b) => a * b, 1);
  const type = types[header.datatypeCode];
  if (!type)
    throw broken(
      file,
      `its voxels have the data type ${header.datatypeCode} (colour, or complex or long numbers), which cellgrad does not read`,
    );
  const count = width * height * depth * volumes;
  if (count > most) throw broken(file, `it claims ${dims.join(' × ')} voxels, more than fit into memory`);
  const values = numbersOf(
    beside
      ? (await unpacked(beside, 'NIfTI')).subarray(header.vox_offset)
      : bytes.subarray(Math.max(header.vox_offset, little === 348 || big === 348 ? 348 : 540)),
    type,
    count,
    header.littleEndian,
  );
  if (!values) throw broken(beside ?? file, `it ends before its ${dims.join(' × ')} voxels do`);
  const { scl_slope: slope, scl_inter: inter } = header;
  const scaled = Number.isFinite(slope) && slope !== 0 && (slope !== 1 || inter !== 0);
  const data = Float32Array.from(
    values,
    scaled ? (v) => v * slope + (Number.isFinite(inter) ? inter : 0) : undefined!,
  );
  const spacing = [3, 2, 1].map((i) => Math.abs(header.pixDims[i]) || 1) as [number, number, number];
  const affine = affineOf(header, [width, height, depth], spacing);
  const shape = [...(volumes > 1 ? [volumes] : []), depth, height, width];
  return {
    data,
    shape,
    spacing,
    affine,
    volume(index = 0) {
      if (!(Number.isInteger(index) && index >= 0 && index < volumes))
        throw new DataError('option', `${file} has no volume ${index}; its volumes are 0 to ${volumes - 1}.`);
      const size = width * height * depth;
      return new Volume({
        data: data.subarray(index * size, (index + 1) * size),
        shape: [depth, height, width],
        spacing,
        affine,
        notes: volumes > 1 ? [`${file} holds ${volumes} volumes; this is number ${index}.`] : [],
      });
    },
  };
}

/** The file with the header, and the one with the voxels where they are apart. */
function pairOf(file: string): [head: string, voxels?: string] {
  const match = /^(.*)\.(hdr|img)(\.gz)?$/i.exec(file);
  if (!match) return [file];
  const [, stem, ending, gz = ''] = match;
  const isHead = ending.toLowerCase() === 'hdr';
  const other = [gz, gz ? '' : '.gz'].map((packed) => `${stem}.${isHead ? 'img' : 'hdr'}${packed}`);
  const there = other.find((path) => existsSync(path)) ?? other[0];
  return isHead ? [file, there] : [there, file];
}

/**
 * The sform, else the qform. Files with neither don't say which side is left: as in nibabel, first columns are taken for the patient's right,
 * and the middle lies at 0.
 */
function affineOf(header: NIFTI1 | NIFTI2, sides: number[], spacing: readonly number[]): Affine {
  const rounded = (matrix: number[][]): Affine => [
    ...matrix.slice(0, 3).map((row) => row.map((v) => v + 0)),
    [0, 0, 0, 1],
  ];
  if (header.sform_code > 0) return rounded(header.affine);
  if (header.qform_code > 0) return rounded(header.getQformMat());
  const steps = [-spacing[2], spacing[1], spacing[0]];
  return [
    ...[0, 1, 2].map((i) =>
      [0, 1, 2, 3].map((j) => (j === 3 ? (-steps[i] * (sides[i] - 1)) / 2 : i === j ? steps[i] : 0)),
    ),
    [0, 0, 0, 1],
  ];
}

// The formats of ITK: MetaImage (.mha, .mhd with a file beside it) and NRRD (.nrrd, .nhdr).

import { dirname, resolve } from 'node:path';
import { bytesOf } from '../dicom/image.js';
import { DataError } from '../errors.js';
import type { Affine } from './orient.js';
import { Volume, type Triple } from './volume.js';
import { gunzipped, numbersOf, type NumberType } from './voxels.js';

/** What a header of either format says. */
interface Description {
  /** Width, height, depth. */
  sides: number[];
  type: NumberType;
  little: boolean;
  packed: boolean;
  /** The file with the voxels, where they don't follow the header. */
  beside?: string;
  /** Bytes to leave out before the voxels; -1: all but the last ones. */
  skip: number;
  /** Columns: the step along width, height and depth in mm to the Left, Posterior and Superior, and the first voxel's place. */
  steps: number[][];
  origin: number[];
}

const broken = (file: string, format: string, why: string): DataError =>
  new DataError('image', `${file} can't be read as ${format}: ${why}.`);

/** The most voxels: 4 GB of floats. */
const most = 2 ** 30;

/** Reads a `.mha`, or a `.mhd` and the file that it names. Throws DataError 'missing' or 'image'. */
export async function readMetaImage(file: string): Promise<Volume> {
  const bytes = await bytesOf(file);
  const end = bytes.indexOf('ElementDataFile');
  const line = end < 0 ? -1 : bytes.indexOf('\n', end);
  const text = bytes.toString('latin1', 0, line < 0 ? Math.min(bytes.length, 65536) : line);
  if (end < 0 || !/NDims|DimSize/.test(text))
    throw broken(file, 'MetaImage', 'it has no header with DimSize and ElementDataFile');
  const fields = fieldsOf(text, '=');
  return finish(file, 'MetaImage', describeMeta(fields, file), bytes.subarray(line + 1));
}

/** Reads a `.nrrd`, or a `.nhdr` and the file that it names. Throws DataError 'missing' or 'image'. */
export async function readNrrd(file: string): Promise<Volume> {
  const bytes = await bytesOf(file);
  if (bytes.toString('latin1', 0, 4) !== 'NRRD') throw broken(file, 'NRRD', 'it does not begin with NRRD');
  const match = /\r?\n\r?\n/.exec(bytes.toString('latin1', 0, Math.min(bytes.length, 65536)));
  const end = match ? match.index : bytes.length;
  const fields = fieldsOf(bytes.toString('latin1', 0, end), ':');
  return finish(file, 'NRRD', describeNrrd(fields, file), bytes.subarray(end + (match?.[0].length ?? 0)));
}

/** `Name = value` lines by lower-case name; the last field's value may be empty. */
function fieldsOf(text: string, mark: string): Map<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(mark);
      // NRRD's own key/value pairs have := and mean nothing here
      if (at < 1 || line.startsWith('#') || line[at + 1] === '=') return [];
      return [[line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()] as [string, string]];
    }),
  );
}

const metaTypes: Record<string, NumberType> = {
  MET_UCHAR: 'uint8',
  MET_CHAR: 'int8',
  MET_USHORT: 'uint16',
  MET_SHORT: 'int16',
  MET_UINT: 'uint32',
  MET_INT: 'int32',
  MET_ULONG_LONG: 'uint64',
  MET_LONG_LONG: 'int64',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};

const numbers = (text: string | undefined): number[] | undefined => {
  const list = text
    ?.split(/[\s,()]+/)
    .filter(Boolean)
    .map(Number);
  return list?.length ? list : undefined;
};
const isTrue = (text: string | undefined): boolean => text?.toLowerCase() === 'true';

function describeMeta(fields: Map<string, string>, file: string): Description {
  const kind = fields.get('elementtype') ?? '';
  const type = metaTypes[kind];
  if (!type || Number(fields.get('elementnumberofchannels') ?? 1) !== 1)
    throw broken(
      file,
      'MetaImage',
      `its voxels are ${kind} of ${fields.get('elementnumberofchannels') ?? 1} channels, where one number each is read`,
    );
  const sides = numbers(fields.get('dimsize')) ?? [];
  const spacing = numbers(fields.get('elementspacing')) ?? numbers(fields.get('elementsize')) ?? [];
  const turn = numbers(fields.get('transformmatrix') ?? fields.get('rotation') ?? fields.get('orientation'));
  const origin = numbers(fields.get('offset') ?? fields.get('position') ?? fields.get('origin')) ?? [];
  const n = sides.length;
  const data = fields.get('elementdatafile')!;
  if (fields.get('binarydata')?.toLowerCase() === 'false')
    throw broken(file, 'MetaImage', 'its voxels are written as text (BinaryData = False), which is not read');
  if (/^LIST|%/.test(data))
    throw broken(
      file,
      'MetaImage',
      `its slices lie in files of their own (ElementDataFile = ${data}), which is not read`,
    );
  return {
    sides,
    type,
    little: !isTrue(fields.get('binarydatabyteordermsb') ?? fields.get('elementbyteordermsb')),
    packed: isTrue(fields.get('compresseddata')),
    beside: data === 'LOCAL' ? undefined : data,
    skip: Number(fields.get('headersize') ?? 0),
    steps: [0, 1, 2].map((axis) =>
      [0, 1, 2].map(
        (i) => (turn && axis < n && i < n ? turn[axis * n + i] : Number(i === axis)) * (spacing[axis] ?? 1),
      ),
    ),
    origin: [0, 1, 2].map((i) => origin[i] ?? 0),
  };
}

const nrrdTypes: Record<string, NumberType> = Object.fromEntries(
  Object.entries({
    int8: 'signed char,int8,int8_t',
    uint8: 'uchar,unsigned char,uint8,uint8_t',
    int16: 'short,short int,signed short,signed short int,int16,int16_t',
    uint16: 'ushort,unsigned short,unsigned short int,uint16,uint16_t',
    int32: 'int,signed int,int32,int32_t',
    uint32: 'uint,unsigned int,uint32,uint32_t',
    int64: 'longlong,long long,long long int,signed long long,signed long long int,int64,int64_t',
    uint64: 'ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t',
    float32: 'float',
    float64: 'double',
  }).flatMap(([type, names]) => names.split(',').map((name) => [name, type as NumberType])),
);

/** How the axes of each `space` count towards Left, Posterior and Superior. */
const spaces: Record<string, number[]> = {
  'left-posterior-superior': [1, 1, 1],
  lps: [1, 1, 1],
  'right-anterior-superior': [-1, -1, 1],
  ras: [-1, -1, 1],
  'left-anterior-superior': [1, -1, 1],
  las: [1, -1, 1],
};

function describeNrrd(fields: Map<string, string>, file: string): Description {
  const kind = fields.get('type') ?? '';
  const encoding = fields.get('encoding') ?? '';
  if (!nrrdTypes[kind])
    throw broken(file, 'NRRD', `its type is '${kind}', which is none that cellgrad reads`);
  if (!['raw', 'gzip', 'gz'].includes(encoding))
    throw broken(file, 'NRRD', `its encoding is '${encoding}', where raw and gzip are read`);
  if (Number(fields.get('line skip') ?? fields.get('lineskip') ?? 0) !== 0)
    throw broken(file, 'NRRD', 'lines stand before its voxels (line skip), which is not read');
  const vectors = [...(fields.get('space directions') ?? '').matchAll(/none|\(([^)]*)\)/g)].map((m) =>
    numbers(m[1]),
  );
  const spacings = numbers(fields.get('spacings'));
  const turn = spaces[(fields.get('space') ?? '').toLowerCase()] ?? [1, 1, 1];
  if (vectors.some((v) => !v))
    throw broken(file, 'NRRD', 'one of its axes is not one of space (colour, or several values a voxel)');
  const origin = numbers(fields.get('space origin')) ?? [];
  return {
    sides: numbers(fields.get('sizes')) ?? [],
    type: nrrdTypes[kind],
    little: fields.get('endian') !== 'big',
    packed: encoding !== 'raw',
    beside: fields.get('data file') ?? fields.get('datafile'),
    skip: Number(fields.get('byte skip') ?? fields.get('byteskip') ?? 0),
    steps: [0, 1, 2].map((axis) =>
      [0, 1, 2].map((i) =>
        vectors[axis] ? (vectors[axis][i] ?? 0) * turn[i] : i === axis ? (spacings?.[axis] ?? 1) : 0,
      ),
    ),
    origin: [0, 1, 2].map((i) => (origin[i] ?? 0) * turn[i]),
  };
}

async function finish(
  file: string,
  format: string,
  description: Description,
  behind: Buffer,
): Promise<Volume> {
  const { sides, type, little, packed, beside, skip, steps, origin } = description;
  const said = sides.join(' × ') || 'none';
  if (sides.length < 2 || sides.length > 3 || !sides.every((n) => Number.isInteger(n) && n > 0))
    throw broken(file, format, `its sides are ${said}, where two or three whole numbers are read`);
  const [width, height, depth = 1] = sides;
  const count = width * height * depth;
  if (count > most) throw broken(file, format, `it claims ${said} voxels, more than fit into memory`);
  const spacing = steps.map((step) => Math.hypot(...step));
  if (!spacing.every((mm) => mm > 0 && Number.isFinite(mm)))
    throw broken(file, format, 'its spacing is 0 or no number');
  const stored = beside ? await bytesOf(resolve(dirname(file), beside)) : behind;
  let bytes = packed ? await gunzipped(skip > 0 ? stored.subarray(skip) : stored, file, format) : stored;
  if (skip < 0) {
    const each = numbersOf(bytes, type, 1, little)?.BYTES_PER_ELEMENT ?? 1;
    bytes = bytes.subarray(Math.max(0, bytes.length - count * each));
  } else if (!packed) bytes = bytes.subarray(skip);
  const values = numbersOf(bytes, type, count, little);
  if (!values)
    throw broken(file, format, `${beside ? `${beside} ends` : 'it ends'} before its ${said} voxels do`);
  const kept =
    values instanceof Int16Array ||
    values instanceof Uint16Array ||
    values instanceof Uint8Array ||
    values instanceof Float32Array;
  const affine: Affine = [
    ...[0, 1, 2].map((i) =>
      [steps[0][i], steps[1][i], steps[2][i], origin[i]].map((v) => (i < 2 ? -v : v) + 0),
    ),
    [0, 0, 0, 1],
  ];
  return new Volume({
    data: kept ? values : Float32Array.from(values),
    shape: [depth, height, width],
    spacing: [...spacing].reverse() as unknown as Triple,
    affine,
  });
}

// A DICOM file's bytes as data elements: with or without preamble and file meta, in any byte order, deflated too.

import type dicomParser from 'dicom-parser';
import type { DataSet, Element } from 'dicom-parser';
import { inflateRawSync } from 'node:zlib';
import { lazily } from '../../lazy.js';
import { DataError, describeError } from '../errors.js';

export type { DataSet, Element };

/** What a file holds, before any pixel is decoded. */
export interface Parsed {
  file: string;
  dataset: DataSet;
  /** UID of the transfer syntax. */
  syntax: string;
  /** Bytes of the elements, which `dataset`'s offsets refer to: the file's, or what was inflated. */
  bytes: Uint8Array;
}

/** The library, loaded with the first file. */
export const parser = lazily<typeof dicomParser>('dicom-parser');

export const PIXELS = 'x7fe00010';
export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
export const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const DEFLATED = '1.2.840.10008.1.2.1.99';
/** Most bytes that a deflated file may become. */
const most = 2 ** 30;

/** An error about a DICOM file. */
export const broken = (file: string, why: string, cause?: unknown): DataError =>
  new DataError('image', `${file} can't be read as DICOM: ${why}.`, { cause });

/** Parses a DICOM file. Throws DataError 'image' where it is none, or is cut off or nonsense. */
export function parse(bytes: Uint8Array, file: string): Parsed {
  const { content, syntax, named = syntax } = withMeta(bytes, file);
  const read = (untilTag?: string): Parsed => {
    const dataset = parser().parseDicom(content, {
      ...(syntax ? { TransferSyntaxUID: syntax } : {}),
      ...(untilTag ? { untilTag } : {}),
    });
    return {
      file,
      dataset,
      syntax: named ?? dataset.string('x00020010')!,
      bytes: dataset.byteArray,
    };
  };
  try {
    return read();
  } catch (error) {
    // dicom-parser throws strings, and objects with the error in them
    const { exception = error, dataSet } = error as { exception?: unknown; dataSet?: DataSet };
    // pixels that are cut off are said so by who looks for them, with their numbers
    if (dataSet?.elements[PIXELS]) return read(PIXELS);
    const why = describeError(exception).replace(/^dicomParser[.:]\S+:\s*/, '');
    const last = dataSet && Object.keys(dataSet.elements).at(-1);
    throw broken(
      file,
      `after ${last ? `the element ${tagName(last)}` : 'its beginning'} it is cut off, or a length in it is nonsense (${why})`,
      error,
    );
  }
}

/** What `work` gives; what goes wrong in it with an element of the file is a DataError 'image'. */
export async function guarded<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw broken(file, `an element of it is cut off or nonsense (${describeError(error)})`, error);
  }
}

/** 'x00280010' as '(0028,0010)'. */
export const tagName = (tag: string): string => `(${tag.slice(1, 5)},${tag.slice(5)})`;

/** The file as one with a preamble; or as it is, and its transfer syntax, where it has no file meta at all. */
function withMeta(bytes: Uint8Array, file: string): { content: Uint8Array; syntax?: string; named?: string } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isDicom(bytes)) {
    const inflated = inflate(view, file);
    return inflated ? { content: inflated, syntax: EXPLICIT, named: DEFLATED } : { content: bytes };
  }
  if (view.length >= 12 && view.readUInt16LE(0) === 2 && isVr(view, 4))
    return { content: Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), view]) };
  const syntax = view.length >= 12 ? bareSyntax(view) : undefined;
  if (!syntax)
    throw broken(
      file,
      bytes.length === 0 ? 'it is empty' : 'it has neither DICOM’s mark nor its first elements',
    );
  return { content: bytes, syntax };
}

/** The elements of a deflated file, which begin behind its file meta; dicom-parser would take its preamble for some. */
function inflate(bytes: Buffer, file: string): Buffer | undefined {
  if (bytes.length < 144 || bytes.readUInt32LE(132) !== 2) return undefined;
  const end = 144 + bytes.readUInt32LE(140);
  if (!bytes.subarray(144, end).includes(DEFLATED)) return undefined;
  try {
    return inflateRawSync(bytes.subarray(end), { maxOutputLength: most });
  } catch (error) {
    throw broken(file, `its deflated elements are cut off or broken (${describeError(error)})`, error);
  }
}

/** 'DICM' behind a preamble of 128 bytes. */
export const isDicom = (bytes: Uint8Array): boolean =>
  bytes.length > 132 && String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM';

const isVr = (bytes: Buffer, at: number): boolean => /^[A-Z]{2}$/.test(bytes.toString('latin1', at, at + 2));

/** The transfer syntax of elements that begin without any mark: group 8 comes first in every data set. */
function bareSyntax(bytes: Buffer): string | undefined {
  if (bytes.readUInt16LE(0) === 8)
    return isVr(bytes, 4) ? EXPLICIT : bytes.readUInt32LE(4) < bytes.length ? IMPLICIT : undefined;
  return bytes.readUInt16BE(0) === 8 && isVr(bytes, 4) ? BIG_ENDIAN : undefined;
}

/** Whether a transfer syntax stores pixels as they are, and in which byte order. */
export const isNative = (syntax: string): boolean =>
  [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED].includes(syntax);

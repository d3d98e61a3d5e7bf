// The values of a DICOM file's elements by the names that the standard gives them.

import { convertBytes } from 'dicom-character-set';
import { createRequire } from 'node:module';
import type { DataSet, Element } from './parse.js';

export type TagValue = string | number | (string | number)[] | Tags[];
/** Elements by keyword (`PatientAge`, `SliceThickness`); a sequence is a list of such objects. */
export interface Tags {
  [keyword: string]: TagValue;
}

export interface Attribute {
  keyword: string;
  vr: string;
}

const require = createRequire(import.meta.url);
let known: Map<string, Attribute> | undefined;

/** Keyword and value representation of a tag, as PS3.6 gives them; undefined for private ones. */
export function attribute(tag: string): Attribute | undefined {
  known ??= dictionary();
  return known.get(tag);
}

function dictionary(): Map<string, Attribute> {
  // 1.3 MB of text, read when tags are first asked for
  const { elements } =
    require('@iwharris/dicom-data-dictionary') as typeof import('@iwharris/dicom-data-dictionary');
  return new Map(
    Object.values(elements).map(({ tag, keyword, vr }) => [
      `x${tag.replace(/[(),]/g, '').toLowerCase()}`,
      { keyword, vr: vr.slice(0, 2) },
    ]),
  );
}

const numbers: Record<
  string,
  { bytes: number; read: 'uint16' | 'int16' | 'uint32' | 'int32' | 'float' | 'double' }
> = {
  US: { bytes: 2, read: 'uint16' },
  SS: { bytes: 2, read: 'int16' },
  UL: { bytes: 4, read: 'uint32' },
  SL: { bytes: 4, read: 'int32' },
  FL: { bytes: 4, read: 'float' },
  FD: { bytes: 8, read: 'double' },
};
const binary = new Set(['OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'UN']);
const unparsed = new Set(['ST', 'LT', 'UT', 'UR']); // a backslash in them parts no values

/** All elements with a name and a readable value; private ones and bytes (pixels, tables) are left out. */
export function tagsOf(dataset: DataSet, charset = charsetOf(dataset)): Tags {
  const tags: Tags = {};
  for (const [tag, element] of Object.entries(dataset.elements)) {
    const name = attribute(tag);
    if (!name?.keyword) continue;
    try {
      const value = valueOf(dataset, tag, element, element.vr ?? name.vr, charset);
      if (value !== undefined) tags[name.keyword] = value;
    } catch {
      // a value that is cut off is as one that isn't there
    }
  }
  return tags;
}

const charsetOf = (dataset: DataSet): string => dataset.string('x00080005') ?? '';

function valueOf(
  dataset: DataSet,
  tag: string,
  element: Element,
  vr: string,
  charset: string,
): TagValue | undefined {
  if (element.items)
    return element.items.flatMap(({ dataSet }) =>
      dataSet ? [tagsOf(dataSet, charsetOf(dataSet) || charset)] : [],
    );
  if (element.length === 0 || binary.has(vr)) return undefined;
  const number = numbers[vr];
  if (number) {
    const list = Array.from(
      { length: Math.floor(element.length / number.bytes) },
      (_, i) => dataset[number.read](tag, i) ?? NaN,
    );
    return list.length > 64 ? undefined : one(list);
  }
  if (vr === 'AT') return dataset.attributeTag(tag);
  const text = textOf(dataset, element, vr, charset);
  if (unparsed.has(vr)) return text;
  const parts = text.split('\\').map((part) => part.trim());
  return vr === 'DS' || vr === 'IS'
    ? one(parts.map((part) => (part === '' ? NaN : Number(part))))
    : one(parts);
}

const one = <T>(list: T[]): T | T[] => (list.length === 1 ? list[0] : list);

function textOf(dataset: DataSet, { dataOffset, length }: Element, vr: string, charset: string): string {
  const bytes = dataset.byteArray.subarray(dataOffset, dataOffset + length);
  let text: string;
  try {
    text = convertBytes(charset, bytes, { vr });
  } catch {
    text = Buffer.from(bytes).toString('latin1'); // a character set that nobody knows
  }
  return text.replace(/[\0 ]+$/, '');
}

/** The numbers of a string element (`DS`, `IS`), or undefined where it is absent or isn't numbers. */
export function decimals(dataset: DataSet, tag: string): number[] | undefined {
  const count = dataset.elements[tag]?.length ? (dataset.numStringValues(tag) ?? 0) : 0;
  const list = Array.from({ length: count }, (_, i) => dataset.floatString(tag, i) ?? NaN);
  return list.length > 0 && list.every(Number.isFinite) ? list : undefined;
}

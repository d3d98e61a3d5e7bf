// Slices put into the order that they have in the patient; which are missing, twice there, or of another stack.

import { basename } from 'node:path';
import { DataError, someOf } from '../errors.js';
import type { Affine } from '../volume/orient.js';
import type { Triple } from '../volume/volume.js';
import type { Position } from './header.js';

/** What decides where a slice belongs. */
export interface Placed {
  file: string;
  /** Rows and columns. */
  size: readonly [number, number];
  position?: Position;
  /** Millimetres between rows, between columns. */
  spacing?: readonly [number, number];
  /** Millimetres from slice to slice, as the file says. */
  thickness?: number;
  /** SliceLocation and InstanceNumber, for files that don't say where they lie. */
  location?: number;
  number?: number;
}

export interface Arranged<T extends Placed> {
  slices: T[];
  spacing: Triple;
  affine?: Affine;
  notes: string[];
}

/** Throws DataError 'series' where slices differ in size, or in the way they are turned. */
export function arrange<T extends Placed>(slices: readonly T[], where: string): Arranged<T> {
  const [first] = slices;
  const odd = slices.filter(({ size }) => size[0] !== first.size[0] || size[1] !== first.size[1]);
  if (odd.length > 0)
    throw new DataError(
      'series',
      `${where}: the slices are not of one size: ${first.file} has ${first.size.join(' × ')} pixels, ${odd[0].file} ${odd[0].size.join(' × ')}.`,
    );
  const notes: string[] = [];
  const [row, column] = first.spacing ?? [1, 1];
  if (!first.spacing) notes.push('The files do not say how large a pixel is; 1 mm is taken.');
  const placed = slices.every(({ position }) => position);
  if (!placed) return { ...byNumber(slices, notes), spacing: [first.thickness ?? 1, row, column], notes };

  const { normal } = first.position!;
  for (const { position, file } of slices)
    if (dot(normal, position!.normal) < 0.999 || dot(first.position!.across, position!.across) < 0.999)
      throw new DataError(
        'series',
        `${where}: ${file} is turned another way than ${first.file}; a scout, or another stack of slices. Leave it out.`,
      );
  // towards the head, the back or the left, whichever the normal is nearest to, whatever way the file's axes run
  const main = [0, 1, 2].reduce((a, b) => (Math.abs(normal[b]) > Math.abs(normal[a]) ? b : a), 2);
  const sign = normal[main] < 0 ? -1 : 1;
  const sorted = slices
    .map((slice) => ({ slice, at: sign * dot(normal, slice.position!.origin) }))
    .sort((a, b) => a.at - b.at);
  // of several at one place, as in series of several phases, the one with the lowest number, so that slices of one phase come together
  const places: (typeof sorted)[] = [];
  for (const one of sorted) {
    const place = places.at(-1);
    if (place && one.at - place[0].at <= 0.01) place.push(one);
    else places.push([one]);
  }
  const kept = places.map((place) => place.reduce((a, b) => (before(b.slice, a.slice) ? b : a)));
  const twice = sorted.filter((one) => !kept.includes(one));
  if (twice.length > 0)
    notes.push(
      `${twice.length} slice${twice.length === 1 ? ' lies' : 's lie'} where another one does, and ${twice.length === 1 ? 'is' : 'are'} left out: ${someOf(twice.map(({ slice }) => basename(slice.file)))}.`,
    );
  const steps = kept.slice(1).map(({ at }, i) => at - kept[i].at);
  const step = median(steps) ?? first.thickness ?? 1;
  const name = ['x', 'y', 'z'][main];
  steps.forEach((s, i) => {
    const [a, b] = [kept[i], kept[i + 1]].map(({ slice }) => round(slice.position!.origin[main]));
    const missing = Math.round(s / step) - 1;
    if (missing > 0)
      notes.push(
        `A gap: ${missing} slice${missing === 1 ? ' is' : 's are'} missing between ${name} = ${a} and ${name} = ${b} mm, where slices are ${round(step)} mm apart.`,
      );
    else if (Math.abs(s - step) > 0.1 * step)
      notes.push(
        `Slices between ${name} = ${a} and ${name} = ${b} mm are ${round(s)} mm apart, elsewhere ${round(step)} mm.`,
      );
  });
  const { origin, across, down } = kept[0].slice.position!;
  const stride = between(kept.map(({ slice }) => slice.position!.origin));
  const along = dot(stride, normal);
  const shift = Math.hypot(...stride.map((v, i) => v - along * normal[i])) / (Math.abs(along) || 1);
  // less than half a pixel from the first slice to the last is rounding
  const oblique = shift * step * (kept.length - 1) > Math.min(row, column) / 2;
  if (oblique)
    notes.push(
      `Each slice is shifted by ${round(shift * step)} mm against the one before it, as by a gantry tilted by ${Math.round((Math.atan(shift) * 180) / Math.PI)}°. Voxels stay where they are: \`affine\` holds the shift, but crops, planes and resampling don't straighten it.`,
    );
  const other = slices.find(
    ({ spacing }) =>
      Math.abs((spacing?.[0] ?? 1) / row - 1) > 0.01 || Math.abs((spacing?.[1] ?? 1) / column - 1) > 0.01,
  );
  if (other)
    notes.push(
      `Pixels are not of one size: ${basename(first.file)} has ${row} × ${column} mm, ${basename(other.file)} ${(other.spacing ?? [1, 1]).join(' × ')} mm; the former is taken for all.`,
    );
  // DICOM counts to the left and to the back, an affine to the right and to the front
  const affine = [0, 1, 2].map((i) => {
    const turn = i < 2 ? -1 : 1;
    const next = oblique ? (stride[i] / Math.abs(along)) * step : sign * normal[i] * step;
    return [across[i] * column, down[i] * row, next, origin[i]].map((v) => turn * v + 0);
  });
  return {
    slices: kept.map(({ slice }) => slice),
    spacing: [step, row, column],
    affine: [...affine, [0, 0, 0, 1]],
    notes,
  };
}

/** By SliceLocation, else InstanceNumber, else name. */
function byNumber<T extends Placed>(slices: readonly T[], notes: string[]): { slices: T[] } {
  const key = (['location', 'number'] as const).find((k) => slices.every((slice) => slice[k] !== undefined));
  if (slices.length > 1)
    notes.push(
      `Not all files say where they lie in the patient (ImagePositionPatient); they are in the order of their ${key === 'location' ? 'SliceLocation' : key ? 'number' : 'name'}, and gaps can't be seen.`,
    );
  if (!key) return { slices: [...slices] };
  return { slices: [...slices].sort((a, b) => a[key]! - b[key]!) };
}

/** Whether the first was taken before the second: by InstanceNumber, else by name. */
const before = (a: Placed, b: Placed): boolean =>
  a.number !== undefined && b.number !== undefined && a.number !== b.number
    ? a.number < b.number
    : a.file < b.file;

/** From the first place to the last. */
const between = (places: readonly number[][]): number[] => places.at(-1)!.map((v, i) => v - places[0][i]);

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, v, i) => sum + v * b[i], 0);
const round = (v: number): number => Math.round(v * 1000) / 1000;

function median(list: readonly number[]): number | undefined {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

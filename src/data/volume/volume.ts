// A scan in three dimensions, and what is done with one before a network sees it.

import { inspect } from 'node:util';
import { DataError } from '../errors.js';
import { windowed, type WindowChoice } from '../window.js';
import { bodyBox, cut, type Box } from './crop.js';
import { directions, orient, type Affine, type Orientation } from './orient.js';
import { resample } from './resample.js';
import { pickSlices, planeOf, type Plane, type Slice, type SliceOptions } from './slices.js';

export type VoxelArray = Float32Array | Int16Array | Uint16Array | Uint8Array;
export type Triple = readonly [depth: number, height: number, width: number];

/** Voxels as they lie in memory. */
export interface Voxels {
  /** [depth, height, width]; Hounsfield units for CT. */
  readonly data: VoxelArray;
  readonly shape: Triple;
  /** Millimetres from voxel to voxel, in the order of `shape`. */
  readonly spacing: Triple;
  /** [depth, height, width], 1 where the lesion is; absent where nobody marked it. */
  readonly mask?: Uint8Array;
}

/** What else is known of a scan. */
export interface VolumeFacts {
  /**
   * [width, height, depth] index to millimetres from left to Right, back to Anterior, feet to Superior, as nibabel's; by default rows run to
   * the back, columns to the patient's left and slices to the head ('LPS'), as a CT's do.
   */
  readonly affine: Affine;
  /** 'HU', or '' where the values have no unit. */
  readonly unit: string;
  /** What was noticed on reading: slices that are missing or twice there, names in the tags. */
  readonly notes: readonly string[];
}

/** A scan; its methods return new ones and never change it. By default the first slice is at the feet, the first row at the front. */
export class Volume implements Voxels {
  readonly data: VoxelArray;
  readonly shape: Triple;
  readonly spacing: Triple;
  readonly mask?: Uint8Array;
  readonly affine: Affine;
  readonly unit: string;
  readonly notes: readonly string[];

  /** Throws DataError 'volume' where the lengths don't fit the shape, or the spacing isn't one. */
  constructor(voxels: Voxels & Partial<VolumeFacts>) {
    const { data, shape, spacing, mask } = voxels;
    const size = shape[0] * shape[1] * shape[2];
    for (const [name, list] of Object.entries({ data, mask }))
      if (list && list.length !== size)
        throw new DataError(
          'volume',
          `A volume of ${shape.join(' × ')} has ${size} voxels, but its ${name} ${list.length}.`,
        );
    if (shape.length !== 3 || !spacing.every((mm) => mm > 0 && Number.isFinite(mm)))
      throw new DataError(
        'volume',
        `A volume needs three sides and a spacing above 0 mm in each, not [${shape.join(', ')}] and [${spacing.join(', ')}].`,
      );
    this.data = data;
    this.shape = shape;
    this.spacing = spacing;
    this.mask = mask;
    const [d, h, w] = spacing;
    this.affine = voxels.affine ?? [
      [-w, 0, 0, 0],
      [0, -h, 0, 0],
      [0, 0, d, 0],
      [0, 0, 0, 1],
    ];
    this.unit = voxels.unit ?? '';
    this.notes = voxels.notes ?? [];
  }

  /** What the console and a notebook show: `plot.volume` shows the pictures. */
  [inspect.custom](): string {
    let [low, high] = [Infinity, -Infinity];
    for (const v of this.data) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
    const type = this.data.constructor.name.replace('Array', '').toLowerCase();
    return [
      `Volume ${type} [${this.shape.join(', ')}]`,
      `${this.spacing.map((mm) => Number(mm.toPrecision(4))).join(' × ')} mm`,
      `${low} … ${high}${this.unit && ` ${this.unit}`}`,
      this.orientation,
      ...(this.mask ? ['with a mask'] : []),
      ...this.notes,
    ].join(', ');
  }

  /** Where columns, rows and slices run to, as nibabel names it: 'LPS' is left, back (posterior), head (superior). */
  get orientation(): Orientation {
    return directions(this.affine);
  }

  /** Its axes swapped and turned so that they run to these sides; voxels are moved, not interpolated. */
  orient(to: Orientation = 'LPS'): Volume {
    return orient(this, to);
  }

  /**
   * At another spacing in mm ([depth, height, width], or one number), linear between voxels, its extent kept; the mask by its nearest voxel.
   * Thicker spacings take the mean of what they cover, so that nothing aliases.
   */
  resample(options: { spacing: number | Triple }): Volume {
    return resample(this, options.spacing);
  }

  /** The part of it inside a box; by default the smallest that holds the body, found as the largest thing above -500 HU. */
  crop(box: Box | 'body' = 'body', options: { margin?: number } = {}): Volume {
    return cut(this, box === 'body' ? this.body(options) : box);
  }

  /** The smallest box around the body; `margin` is in mm around it (default 0). */
  body({ margin = 0 }: { margin?: number } = {}): Box {
    return bodyBox(this, margin);
  }

  /** In 8-bit grey through a window: 'lung', 'mediastinum', … or { center, width }. */
  window(choice: WindowChoice): Volume {
    return this.with({ data: windowed(this.data, choice), unit: '' });
  }

  /** Rounded to 16 bits with a sign, a quarter or half of the memory; values beyond are cut to ±32767. */
  int16(): Volume {
    if (this.data instanceof Int16Array) return this;
    return this.with({
      data: Int16Array.from(this.data, (v) => Math.max(-32768, Math.min(32767, Math.round(v)))),
    });
  }

  /**
   * Slices for a network that takes pictures: `{ count: 16 }` evenly spaced, `{ every: 4 }`, or `{ at: 'middle' }`, an index or several. They are
   * as `plot.gallery` and a batch take them: through a `window`, 8 bits. Voxels that aren't square are made so.
   */
  slices(options: SliceOptions = {}): Slice[] {
    return pickSlices(this, options);
  }

  /** One slice as it is, [height, width]: axial (default), coronal or sagittal. */
  slice(index: number, plane: Plane = 'axial'): { data: VoxelArray; height: number; width: number } {
    return planeOf(this, plane, index);
  }

  /** The same scan with something else in it. */
  with(change: Partial<Voxels & VolumeFacts>): Volume {
    return new Volume({ ...this, ...change });
  }
}

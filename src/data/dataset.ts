// A data set of images: rows with their labels, patients and splits, and a way to get each row's pixels.

import { DataError } from './errors.js';
import { danfo, type DataFrame } from './frame.js';
import type { FitOptions, Picture } from './picture.js';
import { random } from './random.js';
import { describe, summaryTable, type Description } from './summary.js';
import { Volume, type Voxels } from './volume/volume.js';

/** One image. */
export interface Row {
  /** Place in the data set as it was opened; filters keep it. */
  readonly index: number;
  /** Line of the manifest, the header being line 1. */
  readonly line?: number;
  /** Absolute path; absent where the image is made on demand. */
  readonly file?: string;
  /** The file as the manifest names it, which tables show. */
  readonly name?: string;
  /** One of the data set's `classes`. */
  readonly label: string;
  readonly patient: string;
  /** 'train', 'val' or 'test', or a name of the user's own. */
  readonly split: string;
  /** Hospital or collection; '' if unknown. */
  readonly source: string;
  readonly view?: string;
  readonly licence?: string;
  readonly sha256?: string;
  /** The manifest's other columns. */
  readonly extra?: Readonly<Record<string, string>>;
}

export interface ImageOptions extends FitOptions {
  /** 1 grey (default), 3 colour. */
  channels?: 1 | 3;
}

/** A function of a module that makes a source, and what to call it with. */
export interface Recipe {
  module: string;
  make: string;
  options: unknown;
}

/** Where pixels come from; one object a data set, shared by its filtered views. */
export interface PixelSource {
  /** [size, size, channels], 8 bits. */
  pixels(row: Row, options: ImageOptions & { channels: 1 | 3 }): Promise<Uint8Array>;
  /**
   * The whole picture as it is stored, grey in one channel where it has no colour; much larger than `side` it may be shrunk first. What
   * crops and augmentation start from; without it they start from `pixels` at the wanted size.
   */
  picture?(row: Row, options: { side: number }): Promise<Picture>;
  /**
   * How worker threads make this source anew: a module, its function, and what to call that with, which must survive structured
   * cloning. Without it pictures are made on the thread of the caller.
   */
  recipe?: Recipe;
  /**
   * What the row's pixels and mask depend on, as JSON can hold it, the same in every process: what pictures on disk are found by. Without it,
   * and where it is undefined, they aren't kept there.
   */
  key?(row: Row): Promise<unknown>;
  /** Where this source joins others: the one that has the row, and the row as it is there. Threads ask that one. */
  part?(row: Row): { source: PixelSource; row: Row };
  /** [size, size], 1 where the lesion is; undefined for a row without a mask. */
  mask?(row: Row, options: { size?: number }): Uint8Array | undefined;
  /** [size, size], 1 where the lungs are. */
  lungs?(row: Row): Uint8Array;
  /** The row's whole scan; absent where the data set has pictures only. */
  volume?(row: Row): Promise<Voxels>;
}

/** A picture to be shown: `pixels` and `outline` are [height, width]. */
export interface Film {
  pixels: Uint8Array;
  width: number;
  height: number;
  caption: string;
  /** 1 where the lesion is. */
  outline?: Uint8Array;
}

const fields = ['label', 'patient', 'split', 'source', 'view', 'licence', 'name'] as const;
type Field = (typeof fields)[number];

/** A field of rows, or a column of the manifest's own, such as `sex`. */
export type Column = Field | (string & {});

/** Column and wanted value, or values. */
export type Where = Partial<Record<Column, string | readonly string[]>>;

/** The row's value in a column, '' where it has none. */
export function valueOf(row: Row, column: Column): string {
  return (fields as readonly string[]).includes(column)
    ? (row[column as Field] ?? '')
    : (row.extra?.[column] ?? '');
}

/** Whether it is known who is in the image; where it isn't, opening made it a patient of its own, by its file's name. */
export const hasPatient = ({ patient, name }: Row): boolean => name === undefined || !patient.endsWith(name);

/** A set of labelled images; its methods return new sets and never change it. */
export class Dataset {
  constructor(
    readonly name: string,
    /** Class names; a label's place in here is its number. */
    readonly classes: readonly string[],
    readonly rows: readonly Row[],
    readonly source: PixelSource,
    /** What was noticed on opening: rows dropped, files left out, patients in two splits. */
    readonly notes: readonly string[] = [],
  ) {}

  get length(): number {
    return this.rows.length;
  }

  /** The rows for which `keep` is true. */
  filter(keep: (row: Row) => boolean): Dataset {
    return this.with(this.rows.filter(keep));
  }

  /**
   * The rows with these values: `where({ split: 'train', source: ['nih', 'hannover'], sex: 'F' })`. Throws DataError 'column' for a column
   * that no row has.
   */
  where(wanted: Where): Dataset {
    const tests = Object.entries(wanted).map(([column, value]) => {
      this.checkColumn(column);
      return { column, values: new Set([value!].flat()) };
    });
    return this.filter((row) => tests.every(({ column, values }) => values.has(valueOf(row, column))));
  }

  /** The rows of one split. Throws DataError 'empty' if there is no such split, naming those there are. */
  split(name: string): Dataset {
    const part = this.where({ split: name });
    if (part.length === 0 && this.length > 0)
      throw new DataError(
        'empty',
        `${this.name} has no images in a split '${name}'. Its splits are ${Object.keys(this.counts('split')).join(', ')}.`,
      );
    return part;
  }

  /**
   * Renames or joins labels: `mapLabels({ viral: 'pneumonia', bacterial: 'pneumonia', normal: 'normal' })`, or a function. Rows whose
   * label maps to undefined, or isn't in the map, are left out. `classes` fixes the order; by default that of first mention.
   */
  mapLabels(
    to: Record<string, string> | ((label: string, row: Row) => string | undefined),
    classes?: readonly string[],
  ): Dataset {
    const map =
      typeof to === 'function' ? to : (label: string) => (Object.hasOwn(to, label) ? to[label] : undefined);
    const rows = this.rows.flatMap((row) => {
      const label = map(row.label, row);
      return label === undefined ? [] : [{ ...row, label }];
    });
    const found = new Set(rows.map((row) => row.label));
    const order =
      classes ??
      (typeof to === 'function'
        ? [...found].sort()
        : [...new Set(Object.values(to))].filter((c) => found.has(c)));
    for (const label of found)
      if (!order.includes(label))
        throw new DataError(
          'label',
          `mapLabels made the label '${label}', which is not among the classes ${order.join(', ')}.`,
        );
    return this.with(rows, order);
  }

  /**
   * `n` rows drawn at random (all, shuffled, where there are fewer), or `n` of each value of the column `each`, such as 'label'; the same for
   * the same seed.
   */
  sample({ n, each, seed = 0 }: { n: number; each?: Column; seed?: number }): Dataset {
    const shuffled = random(seed, 'sample').shuffle([...this.rows]);
    if (each === undefined) return this.with(shuffled.slice(0, n));
    this.checkColumn(each);
    const drawn = new Map<string, number>();
    return this.with(
      shuffled.filter((row) => {
        const value = valueOf(row, each);
        const before = drawn.get(value) ?? 0;
        drawn.set(value, before + 1);
        return before < n;
      }),
    );
  }

  /** How many rows have each value: `counts()` by class, in the order of `classes`; `counts('source')`. */
  counts(by: Column = 'label'): Record<string, number> {
    this.checkColumn(by);
    const counts = new Map<string, number>(by === 'label' ? this.classes.map((c) => [c, 0]) : []);
    for (const row of this.rows) {
      const value = valueOf(row, by);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  }

  /** The manifest's own columns, beside a row's fields. */
  columns(): string[] {
    return [...new Set(this.rows.flatMap((row) => Object.keys(row.extra ?? {})))];
  }

  private checkColumn(column: string): void {
    const known: string[] = [...fields, ...this.columns()];
    if (this.length > 0 && !known.includes(column))
      throw new DataError('column', `${this.name} has no column '${column}'. It has ${known.join(', ')}.`);
  }

  /** The class number of each row. */
  labels(): Int32Array {
    const number = new Map(this.classes.map((c, i) => [c, i]));
    return Int32Array.from(this.rows, (row) => number.get(row.label) ?? -1);
  }

  /** The names of the patients, in order of appearance. */
  patients(): string[] {
    return [...new Set(this.rows.map((row) => row.patient))];
  }

  describe(): Description {
    return describe(this);
  }

  /** In a notebook: a table of classes and splits, with the notes. */
  [Symbol.for('Jupyter.display')](): Record<string, string> {
    return summaryTable(this);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return summaryTable(this)['text/plain'];
  }

  /**
   * The rows as a danfojs DataFrame, a column a field; `row` is each one's `index`, `file` its `name`. A column whose name is a DataFrame's own
   * (`index`, `size`, …) gets a `_` behind it, as danfojs makes columns properties.
   */
  async frame(): Promise<DataFrame> {
    const dfd = await danfo();
    const present = fields.filter((f) => this.rows.some((row) => row[f] !== undefined));
    const columns: Record<string, (string | number)[]> = { row: this.rows.map((row) => row.index) };
    for (const f of present) columns[f === 'name' ? 'file' : f] = this.rows.map((row) => row[f] ?? '');
    for (const f of this.columns()) columns[f] ??= this.rows.map((row) => valueOf(row, f));
    const named = Object.entries(columns).map(
      ([name, list]) => [name in dfd.DataFrame.prototype ? `${name}_` : name, list] as const,
    );
    if (this.length === 0) return new dfd.DataFrame([], { columns: named.map(([name]) => name) });
    return new dfd.DataFrame(Object.fromEntries(named));
  }

  /** The row's picture, 0 to 1, [size, size, channels]. Throws DataError 'image' where it can't be decoded. */
  async load(row: Row, options: ImageOptions): Promise<Float32Array> {
    const pixels = await this.pixels(row, options);
    const out = new Float32Array(pixels.length);
    for (let i = 0; i < out.length; i++) out[i] = pixels[i] / 255;
    return out;
  }

  /** The row's picture, 8 bits, [size, size, channels]. */
  async pixels(row: Row, options: ImageOptions): Promise<Uint8Array> {
    return this.source.pixels(row, { ...options, channels: options.channels ?? 1 });
  }

  /**
   * The row's picture in grey with its label as the caption, and its lesion's outline where there is one: what `plot.gallery` shows.
   * `size` is the side in pixels.
   */
  async film(
    row: Row,
    { size = 224, caption = row.label }: { size?: number; caption?: string } = {},
  ): Promise<Film> {
    const pixels = await this.pixels(row, { size });
    const outline = this.mask(row, { size });
    return { pixels, width: size, height: size, caption, ...(outline?.includes(1) ? { outline } : {}) };
  }

  /** The `film` of every row; `caption` makes each one's text. */
  films({ size, caption }: { size?: number; caption?: (row: Row, at: number) => string } = {}): Promise<
    Film[]
  > {
    return Promise.all(this.rows.map((row, at) => this.film(row, { size, caption: caption?.(row, at) })));
  }

  /** The row's lesion mask, [size, size], 1 inside; undefined where the data set has none. */
  mask(row: Row, options: { size?: number } = {}): Uint8Array | undefined {
    return this.source.mask?.(row, options);
  }

  /** The row's scan, first slice at the feet, first row at the front, first column at the patient's right. Throws DataError 'option' where the data set has pictures only. */
  async volume(row: Row): Promise<Volume> {
    if (!this.source.volume)
      throw new DataError('option', `${this.name} has pictures only, no volumes. Take dataset.pixels(row).`);
    return new Volume(await this.source.volume(row));
  }

  /** The same pictures with other rows. */
  with(rows: readonly Row[], classes = this.classes, notes = this.notes, name = this.name): Dataset {
    return new Dataset(name, classes, rows, this.source, notes);
  }
}

// danfojs DataFrames: danfojs, the project's or cellgrad's own, is loaded on first use, on the process's one tf; data sets from frames.

import type * as Danfo from 'danfojs-node';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Dataset } from './dataset.js';
import { describeError, DataError } from './errors.js';
import { fromRecords, type OpenOptions } from './records.js';

export type DataFrame = Danfo.DataFrame;

const require = createRequire(import.meta.url);
let loaded: typeof Danfo | undefined;

/**
 * danfojs, pandas for JavaScript: `const dfd = await data.danfo()`. It shares the process's one `tf`, and does not start
 * TensorFlow by itself.
 */
export async function danfo(): Promise<typeof Danfo> {
  if (loaded) return loaded;
  try {
    const { requireOneTf } = await import('../compute/one-tf.js');
    requireOneTf();
    return (loaded = require('danfojs-node') as typeof Danfo);
  } catch (error) {
    throw new DataError('frame', `danfojs could not be loaded: ${describeError(error)}.`, {
      cause: error,
    });
  }
}

export interface FrameOptions extends OpenOptions {
  /** The data set's name. Default that of `of`, or 'frame'. */
  name?: string;
  /** The data set whose `frame()` this was: its pictures, found by the column `row`. By default pictures are the files in the column `file`. */
  of?: Dataset;
}

/**
 * A data set from a danfojs DataFrame, or anything with `columns` and `values` (a list of rows): a column a field, as in a CSV manifest,
 * with the checks and options of `open`. `data.fromFrame((await set.frame()).query(…), { of: set })` are the rows that a query left, with
 * the labels and splits as they then stood in the frame. Throws DataError as `open` does, and 'frame' for a row that `of` doesn't have.
 */
export async function fromFrame(
  frame: Pick<DataFrame, 'columns' | 'values'>,
  { of, name = of?.name ?? 'frame', ...options }: FrameOptions = {},
): Promise<Dataset> {
  const { columns, values } = frame;
  // `frame()` had to put a _ behind some names
  const own = of?.columns() ?? [];
  const names = columns.map((c) => (c.endsWith('_') && own.includes(c.slice(0, -1)) ? c.slice(0, -1) : c));
  const text = (value: unknown): string =>
    value === null || value === undefined || Number.isNaN(value) ? '' : String(value as string | number);
  const records = (values as unknown[][]).map((row) => ({
    values: Object.fromEntries(names.map((c, i) => [c, text(row[i])])),
  }));
  const byIndex = new Map(of?.rows.map((row) => [String(row.index), row]));
  const pictures = of && {
    source: of.source,
    row: ({ row }: Record<string, string>, place: string) => {
      const known = byIndex.get(row);
      if (known) return known;
      throw new DataError(
        'frame',
        `${place}: ${of.name} has no row ${row === undefined ? 'that it names, as the column `row` is gone' : `'${row}'`}. Keep the column \`row\` that frame() made.`,
      );
    },
  };
  const origin = { name, where: 'The frame', root: resolve(options.root ?? '.'), pictures };
  return fromRecords(records, origin, {
    ...(of && { classes: of.classes.filter((c) => records.some(({ values: v }) => v.label === c)) }),
    ...options,
  });
}

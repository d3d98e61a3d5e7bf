// Several data sets as one.

import { checkLeak } from './check.js';
import { Dataset, type PixelSource, type Row } from './dataset.js';
import { DataError } from './errors.js';

export interface MergeOptions {
  /** Default: the sets' names. */
  name?: string;
  /**
   * The classes of the whole. Needed where the sets' classes differ, since a class of one name may then mean two things ('pneumonia' beside
   * 'covid', and 'pneumonia' with COVID in it): giving them says that names agree. Rename with `mapLabels` where they don't.
   */
  classes?: readonly string[];
  /** 'apart' (default): patients of different sets are different people, named 'set/patient'. 'shared': the same name is the same person. */
  patients?: 'apart' | 'shared';
  /** The same patient in two splits is an error; true only notes it. */
  allowLeak?: boolean;
}

/**
 * The images of all `sets`. Sets with an image in common, such as two filters of one, share their patients, and an image in both is kept
 * once. Each row's `extra.set` is its set's name, which is also the source of images without one. Throws DataError: 'classes' (they
 * differ or are bare numbers, and `classes` isn't given), 'label' (outside `classes`, or two labels for one image), 'leak', 'empty'.
 */
export function merge(
  sets: readonly Dataset[],
  {
    name = [...new Set(sets.map((set) => set.name))].join(' + '),
    classes,
    patients = 'apart',
    allowLeak = false,
  }: MergeOptions = {},
): Dataset {
  if (sets.length === 0) throw new DataError('empty', 'merge: there is no data set to merge.');
  const order = classes ?? commonClasses(sets);
  const families = familiesOf(sets);
  const apart = patients === 'apart' && new Set(families).size > 1;
  const notes: string[] = [];
  const rows: Row[] = [];
  const parts: { source: PixelSource; row: Row }[] = [];
  const seen = new Map<string, Row>();
  let twice = 0;
  sets.forEach((set, i) => {
    for (const note of set.notes) notes.push(sets.length > 1 ? `${set.name}: ${note}` : note);
    for (const row of set.rows) {
      if (!order.includes(row.label))
        throw new DataError(
          'label',
          `merge: ${set.name} has images of '${row.label}', which is not among the classes ${order.join(', ')}. Rename it with mapLabels, or name it in \`classes\`.`,
        );
      const key = `${families[i]}\n${row.file ?? row.index}`;
      const known = seen.get(key);
      if (known) {
        checkSame(known, row, set.name);
        twice++;
        continue;
      }
      seen.set(key, row);
      parts.push({ source: set.source, row });
      rows.push({
        ...row,
        index: rows.length,
        patient: apart ? `${families[i]}/${row.patient}` : row.patient,
        source: row.source || families[i],
        extra: { set: families[i], ...row.extra },
      });
    }
  });
  if (twice > 0)
    notes.push(
      `${twice} image${twice === 1 ? ' is' : 's are'} in more than one of the merged sets; each is kept once.`,
    );
  checkLeak(rows, name, allowLeak, notes);
  return new Dataset(name, order, rows, joined(sets, parts), [...new Set(notes)]);
}

/** The sets' common classes, in the first one's order. */
function commonClasses(sets: readonly Dataset[]): readonly string[] {
  const [first] = sets;
  const listed = sets.map((set) => `${set.name} has ${set.classes.join(', ')}`).join('; ');
  const sorted = (set: Dataset): string => [...set.classes].sort().join('\n');
  if (sets.some((set) => sorted(set) !== sorted(first)))
    throw new DataError(
      'classes',
      `merge: the sets' classes differ (${listed}), so that a class of the same name may mean something else. Bring them together with mapLabels, or, where the names agree, pass { classes: ${JSON.stringify([...new Set(sets.flatMap((set) => set.classes))])} }.`,
    );
  const distinct = new Set(sets.map((set) => set.source)).size > 1;
  if (distinct && first.classes.some((c) => /^\d+$/.test(c)))
    throw new DataError(
      'classes',
      `merge: the classes are numbers (${first.classes.join(', ')}), which may mean something else in each set. Name them with mapLabels, or, where they agree, pass { classes: ${JSON.stringify(first.classes)} }.`,
    );
  return first.classes;
}

/** A name for each set, the same for those with an image in common. */
function familiesOf(sets: readonly Dataset[]): string[] {
  const family = sets.map((_, i) => i);
  const join = (a: number, b: number): void => {
    const [from, to] = [Math.max(family[a], family[b]), Math.min(family[a], family[b])];
    family.forEach((f, i) => (family[i] = f === from ? to : f));
  };
  const owner = new Map<PixelSource | string, number>();
  sets.forEach((set, i) => {
    for (const key of [set.source, ...set.rows.flatMap((row) => row.file ?? [])]) {
      const known = owner.get(key);
      if (known === undefined) owner.set(key, i);
      else join(known, i);
    }
  });
  const taken = new Map<string, number>();
  return family.map((f, i) => {
    const base = sets[f].name;
    if (!taken.has(`${f}`) && f === i) {
      const same = sets.slice(0, f).filter((set, j) => family[j] === j && set.name === base).length;
      taken.set(`${f}`, same);
    }
    const same = taken.get(`${f}`)!;
    return same === 0 ? base : `${base} (${same + 1})`;
  });
}

function checkSame(known: Row, row: Row, set: string): void {
  const what = (['label', 'split', 'patient'] as const).find((field) => known[field] !== row[field]);
  if (what === undefined) return;
  throw new DataError(
    what === 'label' ? 'label' : 'leak',
    `merge: ${row.file ?? `image ${row.index}`} is in ${set} and in a set before it, with the ${what} '${row[what]}' here and '${known[what]}' there. Leave it out of one of them.`,
  );
}

/** Pixels and masks of each row from the set that it came from. */
function joined(sets: readonly Dataset[], parts: readonly { source: PixelSource; row: Row }[]): PixelSource {
  return {
    part: (row) => parts[row.index],
    pixels: (row, options) => parts[row.index].source.pixels(parts[row.index].row, options),
    ...(sets.every((set) => set.source.picture) && {
      picture: (row, options) => parts[row.index].source.picture!(parts[row.index].row, options),
    }),
    ...(sets.some((set) => set.source.mask) && {
      mask: (row, options) => parts[row.index].source.mask?.(parts[row.index].row, options),
    }),
    ...(sets.every((set) => set.source.volume) && {
      volume: (row) => parts[row.index].source.volume!(parts[row.index].row),
    }),
    ...(sets.every((set) => set.source.lungs) && {
      lungs: (row) => parts[row.index].source.lungs!(parts[row.index].row),
    }),
  };
}

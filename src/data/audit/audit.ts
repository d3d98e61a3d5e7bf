// The audit of a data set: duplicates, leaks, contradictions, odd pictures, burnt-in marks, balance, shortcuts.

import { runningCell } from '../../cell.js';
import { hasPatient, type Dataset, type Row } from '../dataset.js';
import { ageContrast, balances, type AgeContrast, type Balance } from './balance.js';
import { copiesOf, leaksOf, personsOf, type Copies, type Leak } from './copies.js';
import { exactDuplicates, nearDuplicates } from './duplicates.js';
import { examineAll, greyOf, pictureOf } from './examine.js';
import { findingsOf, nameOf, type Finding } from './findings.js';
import { oddPictures, type Odd } from './odd.js';
import { stageBars, type Progress } from './progress.js';
import { auditHtml, auditText, copyTitle, type Shown } from './report.js';
import { shortcuts, type Shortcut } from './shortcuts.js';
import { uncheckedOf } from './unchecked.js';

export interface AuditOptions {
  seed?: number;
  /** Look for mirrored copies too. Default false. */
  mirror?: boolean;
  /** The most cases of a kind that the report shows as pictures. Default 6. */
  show?: number;
  /** Instead of the bars in a notebook or on a terminal. */
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/** What an audit found. A notebook shows it as a page; `JSON.stringify` gives all of it but the pictures. */
export class Audit {
  constructor(
    readonly name: string,
    readonly images: number,
    /** Absent where nobody's name is known. */
    readonly patients: number | undefined,
    readonly classes: readonly string[],
    readonly notes: readonly string[],
    /** What could not be looked for, and for want of which column, in sentences. */
    readonly unchecked: readonly string[],
    /** In sentences, the worst first. */
    readonly findings: readonly Finding[],
    readonly copies: readonly Copies[],
    readonly leaks: readonly Leak[],
    readonly odd: readonly Odd[],
    readonly marks: { images: number; byClass: Record<string, number>; rows: readonly Row[] },
    readonly shortcuts: readonly Shortcut[],
    readonly balance: readonly Balance[],
    readonly ages: AgeContrast | undefined,
    readonly shown: readonly Shown[],
  ) {}

  /** The page, which needs nothing beside it. */
  html(): string {
    return auditHtml(this);
  }

  toString(): string {
    return auditText(this);
  }

  toJSON(): Record<string, unknown> {
    const place = (row: Row) => ({
      file: nameOf(row),
      ...(row.line !== undefined && { line: row.line }),
      patient: row.patient,
      split: row.split,
      label: row.label,
    });
    return {
      name: this.name,
      images: this.images,
      patients: this.patients,
      classes: this.classes,
      notes: this.notes,
      unchecked: this.unchecked,
      findings: this.findings,
      duplicates: this.copies.map((one) => ({ ...one, rows: one.rows.map(place) })),
      leaks: this.leaks,
      contradictions: this.copies
        .filter((one) => one.contradicting)
        .map((one) => ({ kind: one.kind, rows: one.rows.map(place) })),
      odd: this.odd.map(({ row, kind, words }) => ({ kind, words, ...place(row) })),
      marks: { ...this.marks, rows: this.marks.rows.map(nameOf) },
      shortcuts: this.shortcuts,
      balance: this.balance,
      ...(this.ages && { ages: this.ages }),
    };
  }

  [Symbol.for('Jupyter.display')](): Record<string, string> {
    return { 'text/html': this.html(), 'text/plain': this.toString() };
  }
}

/**
 * Says what is wrong with a data set: the same film twice (same file, same pixels, or edited), across splits first; patients in two splits;
 * labels that contradict; broken and odd pictures; burnt-in letters; and how well the class can be guessed from what is no sign of it (the
 * source, metadata, file properties, borders, a thumbnail). Open a set with `allowLeak: true` to have its leaks listed instead of refused, and
 * with `needs: []` where it has no patients or splits: what can't be checked then is in `unchecked`.
 * Reads every picture once; the search for edited copies grows with the square of their number. Throws the signal's reason when it is aborted.
 */
export async function audit(
  set: Dataset,
  { seed = 0, mirror = false, show = 6, onProgress, signal }: AuditOptions = {},
): Promise<Audit> {
  const cell = runningCell();
  const signals = [signal, cell?.signal].filter((each) => each !== undefined);
  const bars = onProgress ? undefined : stageBars();
  const watch = {
    signal: signals.length > 0 ? AbortSignal.any(signals) : undefined,
    onProgress: onProgress ?? bars?.show,
  };
  const over = cell?.cooperate();
  try {
    const { pictures, broken } = await examineAll(set, watch);
    const near = await nearDuplicates(set, pictures, { mirror, watch });
    const copies = copiesOf(exactDuplicates(pictures), near);
    const marked = pictures.filter(({ marks }) => marks.length > 0).map(({ row }) => row);
    const found = {
      copies,
      leaks: leaksOf(set),
      odd: oddPictures(pictures, broken),
      shortcuts: await shortcuts(set, pictures, { seed, person: personsOf(copies), watch }),
      balance: balances(set),
      ages: ageContrast(set),
      marks: { images: marked.length, byClass: set.with(marked).counts(), rows: marked },
    };
    return new Audit(
      set.name,
      set.length,
      set.rows.some(hasPatient) ? set.patients().length : undefined,
      set.classes,
      set.notes,
      uncheckedOf(set),
      findingsOf(set, found),
      found.copies,
      found.leaks,
      found.odd,
      found.marks,
      found.shortcuts,
      found.balance,
      found.ages,
      await shownOf(set, found.copies, found.odd, show),
    );
  } finally {
    bars?.end();
    over?.();
  }
}

async function shownOf(
  set: Dataset,
  copies: readonly Copies[],
  odd: readonly Odd[],
  show: number,
): Promise<Shown[]> {
  const cases = [
    ...copies
      .slice(0, show)
      .map((one) => ({ group: 'copies', title: copyTitle(one), rows: one.rows.slice(0, 2) })),
    ...odd
      .filter(({ kind }) => kind !== 'broken')
      .slice(0, show)
      .map(({ row, words }) => ({ group: 'odd', title: words, rows: [row] })),
  ];
  return Promise.all(
    cases.map(async ({ group, title, rows }) => ({
      group,
      title,
      pictures: await Promise.all(
        rows.map(async (row) => ({
          source: await thumbnail(set, row),
          caption: [nameOf(row).split('/').at(-1), row.label, row.split].filter(Boolean).join(' · '),
        })),
      ),
    })),
  );
}

async function thumbnail(set: Dataset, row: Row): Promise<string> {
  const picture = await pictureOf(set, row);
  const { width, height } = picture;
  const { default: sharp } = await import('sharp');
  const jpeg = await sharp(greyOf(picture), { raw: { width, height, channels: 1 } })
    .resize(228, 228, { fit: 'inside' })
    .jpeg({ quality: 80 })
    .toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}

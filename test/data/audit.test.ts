import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { audit, open, phantom, type Audit, type Row } from '../../src/data/index.js';
import { personsOf } from '../../src/data/audit/copies.js';
import { random } from '../../src/data/random.js';
import { needsShared, sharedPath } from '../support/fixtures.js';

/** Edits that leave a film the same film. */
const edits: ((film: Sharp, width: number, height: number) => Sharp)[] = [
  (film) => film.jpeg({ quality: 45 }),
  (film, width) => film.resize(Math.round(width * 0.6)).png(),
  (film, width, height) =>
    film
      .extract({
        left: Math.round(width * 0.04),
        top: Math.round(height * 0.02),
        width: Math.round(width * 0.93),
        height: Math.round(height * 0.94),
      })
      .jpeg(),
  (film) => film.linear(1.25, -20).jpeg(),
  (film) => film.linear(0.8, 30).resize(200, 200, { fit: 'fill' }).jpeg(),
];

describe('the audit of films with planted faults', function () {
  this.timeout(300_000);
  let folder: string;
  let found: Audit;
  const exact = new Set<string>();
  const near = new Set<string>();
  before(async function () {
    needsShared(this);
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-audit-'));
    const all = await open(sharedPath('data/cxr/manifest.csv'), { label: 'label3' });
    const base = all.sample({ n: 260, seed: 3 });
    const rows: Row[] = base.rows.map((row, i) => {
      // a scanner that nearly tells the class
      const told = i % 20 ? row.label : 'other';
      return { ...row, extra: { scanner: `scanner of ${told}` } };
    });
    const r = random(1, 'planted');
    const chosen = r.shuffle(Array.from({ length: 260 }, (_, i) => i)).slice(0, 40);
    for (const [k, i] of chosen.entries()) {
      const row = rows[i];
      const file = join(
        folder,
        `${k < 20 ? 'exact' : 'near'}-${k}.${k % 5 === 1 && k >= 20 ? 'png' : 'jpg'}`,
      );
      if (k < 20) copyFileSync(row.file!, file);
      else {
        const film = sharp(row.file!);
        const { width, height } = await film.metadata();
        await edits[k % edits.length](film, width, height).toFile(file);
      }
      (k < 20 ? exact : near).add(basename(file));
      // ten contradict; all are of patients of their own
      const label = k % 4 === 0 ? base.classes.find((c) => c !== row.label)! : row.label;
      rows.push({ ...row, index: 10_000 + k, file, name: basename(file), label, patient: `copy-${k}` });
    }
    const leaking = base.patients().slice(0, 5);
    leaking.forEach((patient, k) => {
      const row = rows.find((one) => one.patient === patient)!;
      const other = rows.findIndex(
        (one, i) => i < 260 && one.split !== row.split && !leaking.includes(one.patient),
      );
      rows[other] = { ...rows[other], patient };
      assert.ok(k < 5);
    });
    found = await audit(base.with(rows), { onProgress: () => undefined });
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));
  const planted = (kinds: string[]): string[] =>
    found.copies
      .filter(({ kind }) => kinds.includes(kind))
      .flatMap(({ rows }) => rows.map((row) => row.name!));

  it('finds every exact copy, 18 of 20 edited ones at least, and two pairs of others at most', () => {
    const names = new Set(planted(['bytes', 'pixels']));
    assert.deepEqual(
      [...exact].filter((name) => !names.has(name)),
      [],
    );
    const edited = new Set(planted(['near']));
    assert.ok(
      [...near].filter((name) => edited.has(name)).length >= 18,
      [...near].filter((n) => !edited.has(n)).join(),
    );
    const others = found.copies.filter(({ rows }) => !rows.some((row) => row.patient.startsWith('copy-')));
    assert.ok(others.length <= 2, JSON.stringify(others.map(({ rows }) => rows.map((row) => row.name))));
  });

  it('finds the patients in two splits and the labels that contradict', () => {
    assert.equal(found.leaks.length, 5);
    assert.ok(found.copies.filter(({ contradicting }) => contradicting).length >= 9);
  });

  it('names the confounder first', () => {
    assert.equal(found.shortcuts[0].name, 'scanner');
    assert.equal(found.findings[0].name, 'scanner');
  });

  it('is JSON, text and a page', () => {
    const json = JSON.parse(JSON.stringify(found)) as { duplicates: unknown[]; leaks: unknown[] };
    assert.equal(json.duplicates.length, found.copies.length);
    assert.match(String(found), /1\. From the column 'scanner' alone/);
    assert.match(found.html(), /data:image\/jpeg;base64/);
  });
});

describe('an audit of a set that lacks columns', function () {
  this.timeout(60_000);
  const quiet = { onProgress: () => undefined };
  const films = phantom({ patients: 30, filmsPerPatient: [2, 2], size: 64, seed: 2 });
  /** As where a manifest has files and labels alone. */
  const bare = films.with(
    films.rows.map(({ index, label }) => {
      const name = `${index}.png`;
      return { index, label, name, patient: name, split: '', source: '' };
    }),
  );

  it('has nothing unchecked where there are patients, splits, sources, views, sexes and ages', async () => {
    const rows = films.rows.map((row) => ({
      ...row,
      extra: { ...row.extra, sex: row.index % 3 ? 'F' : 'M' },
    }));
    assert.deepEqual((await audit(films.with(rows), quiet)).unchecked, []);
  });

  it('names each column, and what is unknown without it', async () => {
    const found = await audit(bare, quiet);
    assert.equal(found.patients, undefined);
    assert.equal(found.unchecked.length, 3);
    assert.match(found.unchecked[0], /^Patients are not known \(no column patient\)/);
    assert.match(found.unchecked[1], /^There is no split \(no column split\)/);
    assert.match(found.unchecked[2], /^No column source, view, sex, age:/);
    assert.deepEqual(found.leaks, []);
    assert.ok(found.copies.every(({ acrossPatients }) => !acrossPatients));
    const half = bare.with(bare.rows.map((row) => (row.index < 20 ? { ...row, patient: 'p' } : row)));
    assert.match((await audit(half, quiet)).unchecked[0], /^40 of 60 images have no patient: /);
  });

  it('keeps copies on one side of the cross-validation, so that they do not give the class away', () => {
    const person = personsOf([
      { rows: [bare.rows[4], bare.rows[7]] },
      { rows: [bare.rows[7], bare.rows[2]] },
      { rows: [bare.rows[8], bare.rows[9]] },
    ]);
    const names = [2, 4, 7, 8, 9, 10].map((at) => person(bare.rows[at]));
    assert.deepEqual(names, ['2.png', '2.png', '2.png', '8.png', '8.png', '10.png']);
  });
});

describe('an audit', () => {
  it('stops when the signal is aborted', () =>
    assert.rejects(
      audit(phantom({ patients: 6, size: 64 }), { signal: AbortSignal.abort(new Error('enough')) }),
      /enough/,
    ));
});

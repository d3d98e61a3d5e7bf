import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { data } from '../../src/index.js';
import { nifti } from '../support/ct-files.js';
import { says } from './folder.js';

describe('volumes written as slices', function () {
  this.timeout(120_000);
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-slices-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const scans = data.phantomCT({ patients: 6, size: 48, depth: 12, classes: ['normal', 'nodules'] });
  const quiet = { onProgress: () => undefined };

  it('are a set of pictures with the patient, split and columns of their volumes', async () => {
    const out = join(folder, 'slices');
    const set = await data.writeSlices(scans, { out, count: 3, window: 'lung', ...quiet });
    assert.equal(set.length, 3 * scans.length);
    assert.deepEqual(set.classes, scans.classes);
    for (const [i, row] of set.rows.entries()) {
      const scan = scans.rows[Math.floor(i / 3)];
      assert.deepEqual([row.label, row.patient, row.split], [scan.label, scan.patient, scan.split]);
      assert.equal(row.extra!.severity, scan.extra!.severity);
    }
    const [first] = scans.rows;
    const wanted = (await scans.volume(first)).slices({ count: 3, window: 'lung' });
    for (const [k, slice] of wanted.entries()) {
      assert.equal(set.rows[k].extra!.slice, String(slice.index));
      assert.deepEqual(await set.pixels(set.rows[k], { size: 48 }), slice.pixels);
    }
    assert.equal(readdirSync(out).filter((name) => name.endsWith('.tmp')).length, 0);
    const again = await data.open(join(out, 'manifest.csv'));
    const facts = ({ name, label, patient, split, extra }: data.Row): unknown[] => [
      name,
      label,
      patient,
      split,
      extra!.slice,
      extra!.scan,
    ];
    assert.deepEqual(again.rows.map(facts), set.rows.map(facts));
  });

  it('of files say which; one that is broken is told of, or left out', async () => {
    const [volume] = await Promise.all([scans.volume(scans.rows[0])]);
    writeFileSync(join(folder, 'a, b.nii.gz'), nifti(volume));
    writeFileSync(join(folder, 'c.nii.gz'), nifti(volume).subarray(0, 500));
    const lines = ['file,label,patient,split', '"a, b.nii.gz",normal,p1,train', 'c.nii.gz,covid,p2,train'];
    writeFileSync(join(folder, 'scans.csv'), lines.join('\n'));
    const set = await data.open(join(folder, 'scans.csv'));
    const out = join(folder, 'slices');
    const how = { out, at: 'middle', window: 'lung', ...quiet } as const;
    await assert.rejects(data.writeSlices(set, how), says('image', /scans\.csv, line 3: .*c\.nii\.gz/));
    assert.ok(!existsSync(join(out, 'manifest.csv')));
    const rest = await data.writeSlices(set, { ...how, onError: 'skip' });
    assert.deepEqual(
      rest.rows.map((row) => row.extra!.scan),
      ['a, b.nii.gz'],
    );
    assert.match(
      rest.notes.join(' '),
      /1 volume can't be read and is left out, such as c\.nii\.gz: .*c\.nii\.gz/,
    );
  });

  it('need volumes, and end at a signal without a manifest', async () => {
    const films = data.phantom({ patients: 4, size: 32 });
    await assert.rejects(data.writeSlices(films, { out: folder, ...quiet }), says('option', /pictures only/));
    const control = new AbortController();
    const running = data.writeSlices(scans, {
      ...{ out: folder, count: 2, signal: control.signal },
      onProgress: ({ done }) => done === 2 && control.abort(new Error('enough')),
    });
    await assert.rejects(running, /enough/);
    assert.ok(!existsSync(join(folder, 'manifest.csv')));
    assert.equal(readdirSync(folder).length, 4);
  });

  it('have a manifest whose names are quoted', async () => {
    const [normal, other] = [scans.rows[0], scans.rows[1]];
    const files = ['a, "b".nii.gz', 'c.nii.gz'];
    for (const [i, row] of [normal, other].entries())
      writeFileSync(join(folder, files[i]), nifti(await scans.volume(row)));
    const table = `file,label,patient,split\n"a, ""b"".nii.gz",normal,p1,train\nc.nii.gz,covid,p2,val\n`;
    writeFileSync(join(folder, 'scans.csv'), table);
    const out = join(folder, 'slices');
    const from = await data.open(join(folder, 'scans.csv'));
    const set = await data.writeSlices(from, { out, every: 6, window: 'lung', ...quiet });
    assert.deepEqual(
      set.rows.map((row) => row.extra!.scan),
      ['a, "b".nii.gz', 'a, "b".nii.gz', 'c.nii.gz', 'c.nii.gz'],
    );
    assert.match(
      readFileSync(join(out, 'manifest.csv'), 'utf8'),
      /\n00000-a___b_-0002\.png,2,normal,p1,train,/,
    );
  });
});

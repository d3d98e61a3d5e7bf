import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as data from '../../src/data/index.js';
import { header, imageFolder, rows, says, type Folder } from './folder.js';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

describe('a CSV manifest', () => {
  let folder: Folder;
  beforeEach(async () => (folder = await imageFolder()));
  afterEach(() => folder.remove());
  const open = (lines?: readonly string[], options?: data.OpenOptions): Promise<data.Dataset> =>
    data.open(folder.manifest(lines), options);
  const refuses = (lines: readonly string[], code: string, ...parts: RegExp[]): Promise<void> =>
    assert.rejects(open(lines), says(code, ...parts));

  it('is read with labels, patients, splits and the place of each row', async () => {
    const set = await open();
    assert.deepEqual(set.classes, ['covid', 'normal']);
    assert.equal(set.length, 6);
    assert.deepEqual([...set.labels()], [1, 0, 1, 0, 1, 0]);
    assert.deepEqual(set.counts('split'), { train: 3, val: 2, test: 1 });
    assert.equal(set.rows[3].line, 5);
    assert.equal(set.split('val').length, 2);
    assert.equal(set.describe().patients, 4);
  });

  it('keeps other columns, unlabelled rows apart, and an order of classes', async () => {
    const more = [header + ',age', ...rows.map((row, i) => `${row},${50 + i}`)];
    more[3] = 'c.png,,p2,train,52';
    const set = await open(more, { classes: ['normal', 'covid'] });
    assert.deepEqual(set.classes, ['normal', 'covid']);
    assert.equal(set.length, 5);
    assert.deepEqual(set.rows[0].extra, { age: '50' });
    assert.match(set.notes.join(), /1 row without a value in 'label' left out/);
  });

  it('may begin with a byte order mark, end lines with CR LF, quote and have other column names', async () => {
    const text = ['\ufeffimage,finding,person', ...rows.map((row) => row.split(',').slice(0, 3).join(','))];
    text[1] = '"a.png","normal","p,1"';
    const file = folder.write('other.csv', text.join('\r\n'));
    const set = await data.open(file, {
      label: 'finding',
      columns: { file: 'image', patient: 'person' },
      split: { seed: 1 },
    });
    assert.equal(set.length, 6);
    assert.equal(set.rows[0].patient, 'p,1');
  });

  it('written on Windows finds files in folders', async () => {
    const set = await open([header, ...rows.map((row) => `.\\${row}`)]);
    assert.equal(set.rows[0].file, folder.path('a.png'));
    assert.equal((await set.pixels(set.rows[0], { size: 4 })).length, 16);
  });

  it('takes the first label column that is there', async () => {
    const set = await open(undefined, { label: ['label3', 'label'] });
    assert.equal(set.length, 6);
  });

  it('notes a class that a split lacks, and rows in no split', async () => {
    const set = await open([header, ...rows.slice(0, 5), 'f.png,covid,p4,']);
    assert.match(set.notes.join(' '), /1 image is in no split/);
    const other = await open([header, ...rows]);
    assert.match(other.notes.join(' '), /The split 'test' has no image of normal/);
  });

  it('that is missing, a folder, empty or no CSV is refused', async () => {
    await assert.rejects(data.open(folder.path('no.csv')), says('manifest', /no manifest .*no\.csv/));
    await assert.rejects(data.open(folder.path('.')), says('manifest', /is a folder/, /manifest\.csv/));
    await refuses([], 'empty', /manifest\.csv has no rows/);
    await refuses([header], 'empty', /has no rows/);
    await refuses([header, 'a.png,normal'], 'manifest', /can't be read as CSV.*line 2/);
  });

  it('without a column is refused: which, which there are, and what to do', async () => {
    const without = (at: number): string[] =>
      [header, ...rows].map((line) => line.split(',').toSpliced(at, 1).join(','));
    await refuses(without(0), 'column', /no column 'file'/, /label, patient, split/);
    await refuses(without(1), 'column', /no column 'label'/, /holds the label: \{ label: /);
    await refuses(without(2), 'column', /no column 'patient'/, /needs: \[\]/);
    await refuses(without(3), 'column', /no column 'split'/, /split: \{ seed: 0 \}/);
  });

  it('without patients or splits opens where it need not have them, and notes it', async () => {
    const bare = [header, ...rows].map((line) => line.split(',').slice(0, 2).join());
    const set = await open(bare, { needs: [] });
    assert.deepEqual(set.patients(), ['a.png', 'b.png', 'c.png', 'd.png', 'e.png', 'f.png']);
    assert.match(set.notes.join(' '), /^Patients are not known: .* 6 images are in no split\.$/);
    const split = await open(bare, { needs: [], split: { seed: 0 } });
    assert.deepEqual(Object.keys(split.counts('split')).sort(), ['test', 'train', 'val']);
    await refuses(bare, 'column', /no column 'patient' and no column 'split'/);
    await assert.rejects(open(bare, { needs: ['split'] }), says('column', /no column 'split'/));
    const partly = await open([header, ...rows.slice(0, 5), 'f.png,covid,,test'], { needs: [] });
    assert.deepEqual(partly.patients(), ['p1', 'p2', 'p3', 'f.png']);
    assert.match(partly.notes[0], /^1 image has no patient: it counts as a patient of its own/);
  });

  it('with an empty cell is refused with its line', () =>
    refuses([header, ...rows.slice(0, 2), 'c.png,normal,,train'], 'manifest', /line 4: 'patient' is empty/));

  it('with a label outside the classes is refused with its line', async () => {
    const odd = open([header, ...rows, 'a.png,Covid,p9,train'], { classes: ['normal', 'covid'] });
    await assert.rejects(
      odd,
      says('label', /'Covid' \(line 8\)/, /not among the classes normal, covid/, /`where`/),
    );
  });

  it('with one class only is refused', () =>
    refuses(
      [header, rows[0], rows[2], rows[4]],
      'classes',
      /every row has the label 'normal'/,
      /two classes/,
    ));

  it('with a patient in two splits is refused, or noted where one insists', async () => {
    const leaky = [header, ...rows, 'a.png,normal,p4,train'];
    await refuses(
      leaky,
      'leak',
      /1 patient is in more than one split: p4 \('test' on line 7, 'train' on line 8\)/,
    );
    const set = await open(leaky, { allowLeak: true });
    assert.match(set.notes.join(' '), /p4/);
    const again = await open(leaky, { split: { seed: 0 } });
    assert.equal(again.patients().length, 4);
    for (const patient of again.patients())
      assert.equal(Object.keys(again.where({ patient }).counts('split')).length, 1);
  });

  it('with one file in two splits, under two patients, is refused too', async () => {
    const twice = [header, ...rows, 'a.png,normal,p9,test'];
    await refuses(twice, 'leak', /1 file is in more than one split, under several patients/);
    await refuses(twice, 'leak', /a\.png \('train' on line 2, 'test' on line 8\)/);
    const { notes } = await open(twice, { allowLeak: true });
    assert.match(notes.join(' '), /1 file is in more than one split/);
    await open([header, ...rows, 'a.png,normal,p9,train']);
  });

  it('with a missing image is refused with its line, or goes on without', async () => {
    rmSync(folder.path('c.png'));
    await refuses(
      [header, ...rows],
      'missing',
      /1 image of 6 is missing: .*c\.png \(line 4\)/,
      /onError: 'skip'/,
    );
    const set = await open(undefined, { onError: 'skip' });
    assert.equal(set.length, 5);
    assert.match(set.notes.join(' '), /c\.png \(line 4\)/);
  });

  it('with a broken image names it when it is decoded, or goes on without', async () => {
    folder.write('d.png', 'not a picture');
    const set = await open();
    const broken = says('image', /manifest\.csv, line 5: .*d\.png can't be decoded/, /onError: 'skip'/);
    await assert.rejects(set.load(set.rows[3], { size: 8 }), broken);
    await assert.rejects(async () => {
      for await (const batch of data.batches(set, { size: 8, batch: 2 })) assert.ok(batch.n);
    }, broken);
    await assert.rejects(open(undefined, { check: 'pixels' }), broken);
    const rest = await open(undefined, { onError: 'skip' });
    assert.equal(rest.length, 5);
    assert.match(rest.notes.join(' '), /1 image of 6 can't be decoded: .*d\.png \(line 5\)/);
  });

  it('opens no further when the signal is aborted', () =>
    assert.rejects(
      open(undefined, { check: 'pixels', signal: AbortSignal.abort(new Error('enough')) }),
      /enough/,
    ));

  it('a split that is not there names those that are', async () => {
    const set = await open();
    assert.throws(() => set.split('validation'), says('empty', /'validation'.*train, val, test/));
  });
});

describe('a JSON manifest', () => {
  let folder: Folder;
  before(async () => (folder = await imageFolder()));
  after(() => folder.remove());
  const description = { name: 'six', title: 'Six films', licence: 'CC0-1.0', manifest: 'manifest.csv' };

  it('describes a CSV beside it, from a file or as an object', async () => {
    folder.manifest();
    const file = folder.write('six.json', JSON.stringify({ ...description, classes: ['normal', 'covid'] }));
    const set = await data.open(file);
    assert.equal(set.name, 'six');
    assert.deepEqual(set.classes, ['normal', 'covid']);
    assert.equal((await data.open(description, { root: folder.path('.') })).length, 6);
  });

  it('that is no JSON or against the schema is refused with what is wrong', async () => {
    await assert.rejects(data.open(folder.write('x.json', '{')), says('manifest', /x\.json is not JSON/));
    const bad = JSON.stringify({ name: 'Six', title: 'Six films', class: ['a'] });
    await assert.rejects(
      data.open(folder.write('y.json', bad)),
      says('manifest', /licence/, /\/name/, /additional properties/, /schema\.json/),
    );
  });

  it('without its files says where they come from', () =>
    assert.rejects(
      data.open(`${repository}data-manifests/covid-chestxray.json`),
      says('missing', /COVID-19 Image Data Collection/, /https:\/\/github\.com/, /root/),
    ));
});

describe('checksums', () => {
  let folder: Folder;
  before(async () => (folder = await imageFolder()));
  after(() => folder.remove());

  it('that differ, and files that are gone, are named with their lines', async () => {
    const sum = '0'.repeat(64);
    folder.manifest([header + ',sha256', ...rows.map((row, i) => `${row},${i === 1 ? sum : ''}`)]);
    const set = await data.open(folder.path('manifest.csv'));
    await assert.rejects(
      data.verify(set),
      says('checksum', /1 image of 6 has another sha256/, /b\.png \(line 3\)/),
    );
    const rest = await data.verify(set, { onError: 'skip' });
    assert.equal(rest.length, 5);
    assert.match(rest.notes.join(' '), /b\.png/);
    rmSync(folder.path('b.png'));
    await assert.rejects(data.verify(set), says('checksum', /b\.png/));
  });
});

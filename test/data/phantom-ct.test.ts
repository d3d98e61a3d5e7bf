import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { phantom, phantomCT, phantomFindings, phantomRecipe, type Row } from '../../src/data/index.js';
import { says } from './folder.js';

const size = 64;
const depth = 16;
const small = { size, depth, classes: phantomFindings, patients: 14, seed: 1 };
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const area = (mask: Uint8Array): number => mask.reduce((sum, v) => sum + v, 0);

describe('the CT phantoms', () => {
  const set = phantomCT(small);
  const sick = set.filter((row) => row.label !== 'normal');

  it('are volumes of Hounsfield units with spacing in millimetres, and masks where a finding is', async () => {
    for (const row of set.rows) {
      const volume = await set.volume(row);
      assert.deepEqual([volume.shape, volume.unit, volume.orientation], [[depth, size, size], 'HU', 'LPS']);
      const [between, pixel] = volume.spacing;
      assert.ok(between * depth > 200 && between * depth < 300, `${between * depth} mm from base to apex`);
      assert.ok(pixel * size > 350 && pixel * size < 420, `${pixel * size} mm field of view`);
      assert.equal(volume.mask!.includes(1), row.label !== 'normal', row.label);
      const corner = mean(volume.data.subarray(0, 4));
      assert.ok(corner < -930, `air at the corner is ${corner} HU`);
    }
  });

  it('have lungs of about -850 HU, muscle and liver above 0, and bone', async () => {
    const slices = phantomCT({ ...small, rows: 'slice' }).where({ label: 'normal' });
    for (const row of slices.rows) {
      const { data } = (await slices.volume(row)).slice(Number(row.extra!.slice));
      const lungs = slices.source.lungs!(row);
      const median = data.filter((_, i) => lungs[i] === 1).sort()[area(lungs) >> 1];
      assert.ok(median > -900 && median < -780, `lungs of ${median} HU`);
    }
    const { data } = await slices.volume(slices.rows[0]);
    const liver = mean([28, 29, 30].flatMap((y) => [...data.subarray(y * size + 20, y * size + 23)]));
    assert.ok(liver > 0 && liver < 110, `liver of ${liver} HU`);
    assert.ok(
      data.some((v) => v > 400),
      'no bone',
    );
  });

  it('have the lesion inside the lungs, with the density that radiology gives it', async () => {
    const range = {
      normal: [0, 0],
      consolidation: [-150, 90],
      'ground glass': [-800, -350],
      reticulation: [-850, -300],
      nodules: [-250, 90],
      effusion: [-60, 60],
      pneumothorax: [-1000, -850],
    };
    for (const row of sick.rows) {
      const mask = sick.mask(row)!;
      const lungs = sick.source.lungs!(row);
      assert.ok(mask.every((v, i) => !v || lungs[i]));
      const { data, mask: whole } = await sick.volume(row);
      const inside = data.filter((_, i) => whole![i] === 1);
      const median = inside.sort()[inside.length >> 1];
      const [low, high] = range[row.label as keyof typeof range];
      assert.ok(median >= low && median <= high, `${row.label}: ${median} HU`);
    }
  });

  it('have lesions that go on from slice to slice', async () => {
    for (const row of phantomCT({ ...small, depth: 48, patients: 14, severity: 0.8 }).rows) {
      if (row.label === 'normal' || row.label === 'nodules') continue;
      const deep = phantomCT({ ...small, depth: 48, patients: 14, severity: 0.8 });
      const { mask } = await deep.volume(row);
      const slices = Array.from({ length: 48 }, (_, at) =>
        mask!.slice(at * size * size, (at + 1) * size * size),
      );
      const filled = slices.flatMap((slice, at) => (area(slice) > 12 ? [at] : []));
      let apart = 0;
      for (let k = 1; k < filled.length; k++) {
        const [a, b] = [slices[filled[k - 1]], slices[filled[k]]];
        const both = a.reduce((sum, v, i) => sum + (v && b[i] ? 1 : 0), 0);
        if (filled[k] !== filled[k - 1] + 1 || both < 0.3 * Math.min(area(a), area(b))) apart++;
      }
      assert.ok(filled.length >= 6 && apart <= 2, `${row.label}: ${filled.length} slices, ${apart} breaks`);
    }
  });

  it('grow with severity', async () => {
    const sets = [0.1, 0.4, 0.7, 1].map((severity) => phantomCT({ ...small, severity }));
    for (const row of sick.rows) {
      const areas = await Promise.all(sets.map(async (s) => area((await s.volume(row)).mask!)));
      for (let k = 1; k < areas.length; k++)
        assert.ok(areas[k] >= areas[k - 1], `${row.label}: ${areas.join(' ')}`);
      assert.ok(areas[3] > 1.5 * areas[0], `${row.label}: ${areas.join(' ')}`);
    }
  });

  it('have the patients, diseases and sides of the films with the same seed', async () => {
    const films = phantom({ patients: 14, classes: phantomFindings, filmsPerPatient: [1, 1], seed: 1, size });
    const side = (mask: Uint8Array): number =>
      Math.sign(mask.reduce((sum, v, i) => sum + (v ? (i % size < size / 2 ? -1 : 1) : 0), 0));
    for (const [i, row] of set.rows.entries()) {
      const film = films.rows[i];
      assert.deepEqual(
        [row.patient, row.label, row.extra!.severity, row.split],
        [film.patient, film.label, film.extra!.severity, film.split],
      );
      if (row.label === 'consolidation' || row.label === 'pneumothorax')
        assert.equal(side((await set.volume(row)).mask!), side(films.mask(film)!), row.label);
    }
  });

  it('are slices where asked for, which show the finding and are those of the volume', async () => {
    const slices = phantomCT({ ...small, rows: 'slice', slices: 3 });
    assert.equal(slices.length, 42);
    for (const row of slices.rows)
      assert.equal(slices.mask(row)!.includes(1), row.label !== 'normal', row.label);
    const at = (row: Row): number => Number(row.extra!.slice);
    const row = slices.rows[4];
    const volume = await slices.volume(row);
    const [slice] = volume.slices({ at: at(row), window: 'lung' });
    assert.deepEqual(slice.pixels, await slices.pixels(row, { size }));
    assert.deepEqual(volume.data, (await set.volume(set.where({ patient: row.patient }).rows[0])).data);
    assert.equal((await slices.pixels(row, { size: 40, channels: 3 })).length, 4800);
  });

  it('follow a patient over days, and tie the hospital to a class', () => {
    const many = phantomCT({ ...small, scansPerPatient: [2, 3], confounders: { hospital: 1 } });
    assert.ok(Object.values(many.counts('patient')).every((n) => n === 2 || n === 3));
    for (const row of many.rows)
      assert.equal(row.source, row.label === 'normal' ? 'hospital-a' : 'hospital-b');
  });

  it('of this version of the recipe are these voxels, on every machine and version of Node', async () => {
    const hash = createHash('sha256');
    for (const row of set.rows.slice(0, 7)) {
      const { data, mask } = await set.volume(row);
      for (const v of data) hash.update(String(v));
      hash.update(mask!);
    }
    assert.deepEqual([phantomRecipe, hash.digest('hex').slice(0, 16)], ['2', '98936ead78475c14']);
  });

  it('with options that cannot be are refused, naming the option', () => {
    const refuses = (options: object, part: RegExp): void =>
      assert.throws(() => phantomCT(options), says('option', part));
    refuses({ rows: 'voxel' }, /rows must be 'volume' or 'slice', not "voxel"/);
    refuses({ depth: 2 }, /depth must be a whole number from 4 to 512/);
    refuses({ slices: 0 }, /slices/);
    refuses({ scansPerPatient: [2, 1] }, /scansPerPatient/);
    refuses({ window: 'lungs' }, /no window 'lungs'/);
    refuses({ confounders: { marker: 1 } }, /no confounder 'marker'; there are hospital/);
    refuses({ filmsPerPatient: [1, 1] }, /no option 'filmsPerPatient'; there are .*scansPerPatient/);
  });
});

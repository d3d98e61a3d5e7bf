import assert from 'node:assert/strict';
import { phantom, type Dataset, type Row } from '../../src/data/index.js';
import { says } from './folder.js';

const size = 64;
const share = (mask: Uint8Array, part: (column: number) => boolean = () => true): number =>
  mask.reduce((sum, v, i) => sum + (v && part(i % size) ? 1 : 0), 0) / mask.length;

describe('the chest-film phantoms', () => {
  let set: Dataset;
  before(() => (set = phantom({ patients: 60, seed: 1, size })));
  const films = (label: string): Row[] => set.rows.filter((row) => row.label === label);

  it('are the same pixels for the same seed, others for another', async () => {
    const again = phantom({ patients: 60, seed: 1, size });
    const other = phantom({ patients: 60, seed: 2, size });
    assert.deepEqual(again.rows, set.rows);
    for (const at of [0, 20, 50]) {
      const pixels = await set.pixels(set.rows[at], { size });
      assert.deepEqual(await again.pixels(again.rows[at], { size }), pixels);
      assert.notDeepEqual(await other.pixels(other.rows[at], { size }), pixels);
      assert.deepEqual(again.mask(again.rows[at]), set.mask(set.rows[at]));
    }
  });

  it('do not depend on the order in which they are asked for', async () => {
    const again = phantom({ patients: 60, seed: 1, size });
    const last = again.rows.length - 1;
    assert.deepEqual(
      await again.pixels(again.rows[last], { size }),
      await set.pixels(set.rows[last], { size }),
    );
  });

  it('are three classes in equal parts, one to four films a patient, none in two splits', () => {
    assert.deepEqual(set.classes, ['normal', 'consolidation', 'ground glass']);
    assert.equal(set.patients().length, 60);
    const perPatient = Object.values(set.counts('patient'));
    assert.deepEqual([Math.min(...perPatient), Math.max(...perPatient)], [1, 4]);
    for (const label of set.classes) assert.equal(set.where({ label }).patients().length, 20);
    for (const patient of set.patients()) {
      const own = set.where({ patient });
      assert.equal(new Set(own.rows.map((row) => `${row.label} ${row.split} ${row.source}`)).size, 1);
    }
    for (const { counts } of set.describe().splits) assert.ok(Object.values(counts).every((n) => n > 0));
  });

  it('differ from film to film of one patient', async () => {
    const patient = Object.entries(set.counts('patient')).find(([, n]) => n > 1)![0];
    const [a, b] = set.where({ patient }).rows;
    assert.notDeepEqual(await set.pixels(a, { size }), await set.pixels(b, { size }));
  });

  it('have dark lungs on both sides, brighter heart and spine between', async () => {
    for (const row of films('normal')) {
      const lungs = set.source.lungs!(row);
      const pixels = await set.pixels(row, { size });
      for (const half of [(c: number) => c < size / 2, (c: number) => c >= size / 2])
        assert.ok(share(lungs, half) > 0.05 && share(lungs, half) < 0.25, `${share(lungs, half)}`);
      const mean = (inside: (i: number) => boolean): number => {
        const values = [...pixels].filter((_, i) => inside(i));
        return values.reduce((a, b) => a + b, 0) / values.length;
      };
      const middle = mean((i) => Math.abs((i % size) - size / 2) < 3 && i > 20 * size && i < 44 * size);
      assert.ok(mean((i) => lungs[i] === 1) < middle - 10, `row ${row.index}`);
    }
  });

  it('have no lesion where normal', () => {
    for (const row of films('normal')) assert.equal(share(set.mask(row)!), 0);
  });

  it('have the lesion inside the lungs: one-sided consolidation, ground glass on both sides', () => {
    const inside = (row: Row): { left: number; right: number } => {
      const [mask, lungs] = [set.mask(row)!, set.source.lungs!(row)];
      assert.ok(mask.every((v, i) => !v || lungs[i]));
      const left = share(mask, (c) => c < size / 2);
      return { left, right: share(mask) - left };
    };
    for (const row of films('consolidation')) {
      const { left, right } = inside(row);
      assert.ok(Math.max(left, right) > 0.004, `row ${row.index} has hardly a lesion`);
      assert.ok(Math.min(left, right) < 0.1 * Math.max(left, right), `row ${row.index} has two sides`);
    }
    for (const row of films('ground glass')) {
      const { left, right } = inside(row);
      assert.ok(left > 0.002 && right > 0.002, `row ${row.index} has one side`);
    }
  });

  it('show a consolidation at least a thirtieth of the lungs large, in every patient', () => {
    const many = phantom({
      patients: 150,
      filmsPerPatient: [1, 1],
      classes: ['consolidation'],
      seed: 4,
      size: 48,
    });
    for (const row of many.rows) {
      const [lesion, lungs] = [many.mask(row)!, many.source.lungs!(row)].map((m) =>
        m.reduce((a, b) => a + b, 0),
      );
      assert.ok(lesion > lungs / 30, `${row.patient}: ${lesion} of ${lungs}`);
    }
  });

  it('come from two hospitals that differ in look, or from one', async () => {
    assert.deepEqual(Object.keys(set.counts('source')).sort(), ['hospital-a', 'hospital-b']);
    const corner = async (source: string): Promise<number> => {
      const { rows } = set.where({ source });
      let dark = 0;
      for (const row of rows) if ((await set.pixels(row, { size }))[size * size - 1] === 4) dark++;
      return dark / rows.length;
    };
    assert.ok((await corner('hospital-a')) > 0.4);
    assert.ok((await corner('hospital-b')) < 0.1);
    assert.deepEqual(Object.keys(phantom({ patients: 9, hospitals: 1 }).counts('source')), ['hospital-a']);
  });

  it('may be confounded: the hospital then gives the class away', () => {
    const confounded = phantom({ patients: 30, confounding: 1 });
    for (const row of confounded.rows)
      assert.equal(row.source, row.label === 'normal' ? 'hospital-a' : 'hospital-b');
  });

  it('carry a side letter on most films', async () => {
    const large = phantom({ patients: 40, seed: 3, size: 128, noise: 0, hospitals: 1 });
    let lettered = 0;
    for (const row of large.rows) {
      const pixels = await large.pixels(row, { size: 128 });
      let ink = 0;
      for (let y = 4; y < 26; y++)
        for (let x = 0; x < 128; x++) if ((x < 26 || x > 108) && pixels[y * 128 + x] > 248) ink++;
      if (ink > 8) lettered++;
    }
    assert.ok(lettered > 0.7 * large.length, `${lettered} of ${large.length}`);
  });

  it('are drawn in the size asked for, and given in any', async () => {
    const big = phantom({ patients: 3, size: 96 });
    const [row] = big.rows;
    assert.equal(big.mask(row)!.length, 96 * 96);
    assert.equal(big.mask(row, { size: 30 })!.length, 900);
    assert.equal((await big.pixels(row, { size: 50, channels: 3 })).length, 7500);
    const grey = await big.load(row, { size: 96 });
    assert.ok(grey.every((v) => v >= 0 && v <= 1));
  });

  it('have classes, films and noise as asked for', async () => {
    const two = phantom({ patients: 10, classes: ['normal', 'ground glass'], filmsPerPatient: [2, 2], size });
    assert.deepEqual(two.classes, ['normal', 'ground glass']);
    assert.equal(two.length, 20);
    const spread = async (noise: number): Promise<number> => {
      const noisy = phantom({ patients: 1, noise, size });
      const x = await noisy.pixels(noisy.rows[0], { size });
      let sum = 0;
      for (let i = 1; i < x.length; i++) sum += Math.abs(x[i] - x[i - 1]);
      return sum / x.length;
    };
    assert.ok((await spread(3)) > 1.5 * (await spread(0)));
  });

  it('with options that cannot be are refused, naming the option', () => {
    const refuses = (options: object, part: RegExp): void =>
      assert.throws(() => phantom(options), says('option', part));
    refuses({ patients: 0 }, /patients must be a whole number above 0, not 0/);
    refuses({ filmsPerPatient: [3, 1] }, /filmsPerPatient/);
    refuses({ size: 8 }, /size must be .* 16 to 2048/);
    refuses(
      { classes: ['normal', 'covid'] },
      /no finding 'covid' in classes; there are normal, consolidation, ground glass/,
    );
    refuses({ classes: [] }, /classes/);
    refuses({ noise: -1 }, /noise/);
    refuses({ hospitals: 3 }, /hospitals/);
    refuses({ confounding: 2 }, /confounding/);
  });
});

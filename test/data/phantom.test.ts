import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { phantom, phantomFindings, phantomRecipe, type Dataset, type Row } from '../../src/data/index.js';
import { says } from './folder.js';

const size = 64;
const area = (mask: Uint8Array): number => mask.reduce((sum, v) => sum + v, 0);
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

  it('show a moderate consolidation at least a thirtieth of the lungs large, in every patient', () => {
    const many = phantom({
      patients: 150,
      filmsPerPatient: [1, 1],
      classes: ['consolidation'],
      severity: [1 / 3, 1],
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

  it('come from two hospitals that differ in look', async () => {
    assert.deepEqual(Object.keys(set.counts('source')).sort(), ['hospital-a', 'hospital-b']);
    const corner = async (source: string): Promise<number> => {
      const { rows } = set.where({ source });
      let dark = 0;
      for (const row of rows) if ((await set.pixels(row, { size }))[size * size - 1] === 4) dark++;
      return dark / rows.length;
    };
    assert.ok((await corner('hospital-a')) > 0.4);
    assert.ok((await corner('hospital-b')) < 0.1);
  });

  it('carry a side letter on most films', async () => {
    const large = phantom({ patients: 80, seed: 3, size: 128, noise: 0 }).where({ source: 'hospital-a' });
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
    refuses({ severity: 2 }, /severity must be .*\[lowest, highest\].* mild, moderate, severe, not 2/);
    refuses({ severity: 'grave' }, /severity/);
    refuses({ severity: [0.8, 0.2] }, /severity/);
    refuses({ confounding: 1 }, /no option 'confounding'; there are patients, .*confounders/);
    refuses(
      { confounders: { scanner: 1 } },
      /no confounder 'scanner'; there are hospital, age, view, letters, marker/,
    );
    refuses({ confounders: { age: 1.5 } }, /strength of the confounder age must be between 0 .* and 1/);
    refuses(
      { confounders: { age: { strength: 1, class: 'covid' } } },
      /names the class 'covid'; the classes are normal/,
    );
    refuses(
      { confounders: { marker: { strength: 1, values: { normal: 'X' } } } },
      /marker can be L or R, not 'X'/,
    );
  });

  it('take a mask from the lesion of every finding, inside the lungs, on the sides that it concerns', () => {
    const all = phantom({
      patients: 42,
      classes: phantomFindings,
      filmsPerPatient: [1, 1],
      seed: 5,
      size: 96,
    });
    assert.deepEqual(all.classes, phantomFindings);
    for (const row of all.rows) {
      const mask = all.mask(row)!;
      const lungs = all.source.lungs!(row);
      assert.equal(mask.includes(1), row.label !== 'normal', `${row.patient} ${row.label}`);
      assert.ok(mask.every((v, i) => !v || lungs[i]));
      const left = mask.reduce((sum, v, i) => sum + (v && i % 96 < 48 ? 1 : 0), 0);
      const one = Math.min(left, area(mask) - left) < 0.1 * area(mask);
      if (row.label === 'consolidation' || row.label === 'pneumothorax') assert.ok(one, row.label);
      if (row.label === 'ground glass' || row.label === 'reticulation') assert.ok(!one, row.label);
    }
  });

  it('with a more severe finding have a larger mask, and change the film more', async () => {
    const steps = [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95];
    const options = {
      patients: 21,
      classes: phantomFindings,
      filmsPerPatient: [1, 1],
      seed: 6,
      size: 96,
    } as const;
    const sets = steps.map((severity) => phantom({ ...options, severity, noise: 0 }));
    const changes = async (at: number, row: number): Promise<number> => {
      const [a, b] = await Promise.all([0, at].map((k) => sets[k].pixels(sets[k].rows[row], { size: 96 })));
      return a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;
    };
    for (const [i, row] of sets[0].rows.entries()) {
      if (row.label === 'normal') continue;
      const areas = sets.map((s) => area(s.mask(s.rows[i])!));
      for (let k = 1; k < areas.length; k++)
        assert.ok(areas[k] >= areas[k - 1], `${row.label} ${row.patient}: ${areas.join(' ')}`);
      assert.ok(areas[6] > 1.5 * areas[0], `${row.label}: ${areas.join(' ')}`);
      assert.ok((await changes(6, i)) > (await changes(3, i)), `${row.label} ${row.patient}`);
    }
  });

  it('name the degree, and keep within what was asked for', () => {
    for (const [degree, low, high] of [
      ['mild', 0, 1 / 3],
      ['moderate', 1 / 3, 2 / 3],
      ['severe', 2 / 3, 1],
    ] as const)
      for (const row of phantom({ patients: 30, severity: degree }).rows) {
        const severity = Number(row.extra!.severity);
        if (row.label === 'normal') assert.deepEqual([row.extra!.degree, severity], ['none', 0]);
        else assert.ok(severity >= low - 0.001 && severity <= high + 0.001, `${degree} ${severity}`);
      }
    assert.ok(
      phantom({ severity: 0.4 }).rows.every((row) => ['0.400', '0.000'].includes(row.extra!.severity)),
    );
  });

  it('follow a patient over days: the same chest and side, the disease at another stage, another position', async () => {
    const many = phantom({ patients: 40, filmsPerPatient: [4, 4], classes: ['pneumothorax'], seed: 2, size });
    const sides = (row: Row): number =>
      Math.sign(many.mask(row)!.reduce((sum, v, i) => sum + (v ? (i % size < size / 2 ? -1 : 1) : 0), 0));
    let [rising, falling] = [0, 0];
    for (const patient of many.patients()) {
      const { rows } = many.where({ patient });
      const days = rows.map((row) => Number(row.extra!.day));
      assert.equal(days[0], 0);
      for (let k = 1; k < days.length; k++) assert.ok(days[k] > days[k - 1]);
      const severities = rows.map((row) => Number(row.extra!.severity));
      if (severities[3] > severities[0]) rising++;
      else if (severities[3] < severities[0]) falling++;
      assert.equal(new Set(rows.map(sides)).size, 1, patient);
    }
    assert.ok(rising > 8 && falling > 8, `${rising} rise, ${falling} fall`);
    const steady = phantom({
      patients: 1,
      filmsPerPatient: [2, 2],
      classes: ['effusion'],
      severity: 0.6,
      size,
    });
    const [a, b] = await Promise.all(steady.rows.map((row) => steady.pixels(row, { size })));
    assert.notDeepEqual(a, b);
  });

  describe('with confounders', () => {
    const traitOf = {
      hospital: (row: Row) => row.source,
      age: (row: Row) => row.extra!.age,
      view: (row: Row) => row.view!,
      letters: (row: Row) => row.extra!.letters,
      marker: (row: Row) => row.extra!.marker,
    };
    const names = Object.keys(traitOf) as (keyof typeof traitOf)[];
    /** Of two binary things, over rows. */
    const phi = (rows: readonly Row[], one: (row: Row) => boolean, other: (row: Row) => boolean): number => {
      const n = rows.length;
      const share = (keep: (row: Row) => boolean): number => rows.filter(keep).length / n;
      const [p, q, both] = [share(one), share(other), share((row) => one(row) && other(row))];
      return (both - p * q) / Math.sqrt(p * (1 - p) * q * (1 - q));
    };

    it('have them by the strength given: by chance at 0, half, and decided by the class at 1', () => {
      for (const name of names)
        for (const strength of [0, 0.5, 1]) {
          const { rows } = phantom({
            patients: 1200,
            filmsPerPatient: [1, 1],
            classes: ['normal', 'effusion'],
            confounders: { [name]: strength },
          });
          const normal = traitOf[name](rows.find((row) => row.label === 'normal')!);
          const found = phi(
            rows,
            (row) => row.label === 'normal',
            (row) => traitOf[name](row) === normal,
          );
          // 1200 draws: a standard error of 0.03
          assert.ok(Math.abs(Math.abs(found) - strength) < 0.1, `${name} ${strength}: ${found}`);
          if (strength === 1) assert.equal(found, 1);
        }
    });

    it('name a class, or a value for each', () => {
      const one = phantom({
        patients: 30,
        confounders: { hospital: { strength: 1, class: 'ground glass' } },
      });
      for (const row of one.rows)
        assert.equal(row.source, row.label === 'ground glass' ? 'hospital-a' : 'hospital-b');
      const some = phantom({
        patients: 90,
        confounders: { marker: { strength: 1, values: { normal: 'R', consolidation: 'L' } } },
      });
      const markers = (label: string): string[] =>
        [...new Set(some.where({ label }).rows.map(traitOf.marker))].sort();
      assert.deepEqual([markers('normal'), markers('consolidation')], [['R'], ['L']]);
      assert.deepEqual(markers('ground glass'), ['L', 'R']);
    });

    it('leave everything else about the patients as it was', () => {
      const plain = phantom({ patients: 30 });
      const tied = phantom({ patients: 30, confounders: { letters: 1 } });
      assert.deepEqual(
        tied.rows.map((row) => [row.source, row.view, row.extra!.severity, row.extra!.age]),
        plain.rows.map((row) => [row.source, row.view, row.extra!.severity, row.extra!.age]),
      );
    });
  });

  it('of this version of the recipe are these bytes, on every machine and version of Node', async () => {
    const all = phantom({ patients: 14, classes: phantomFindings, filmsPerPatient: [1, 1], size: 64 });
    const hash = createHash('sha256');
    for (const row of all.rows) hash.update(await all.pixels(row, { size: 64 })).update(all.mask(row)!);
    assert.deepEqual([phantomRecipe, hash.digest('hex').slice(0, 16)], ['2', '1e18439534e9e0f6']);
  });
});

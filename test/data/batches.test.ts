import assert from 'node:assert/strict';
import {
  augment,
  batches,
  clearCache,
  Dataset,
  type Batch,
  type BatchOptions,
  type Row,
} from '../../src/data/index.js';
import { says } from './folder.js';

const { contrast } = augment;
const turn = (): Promise<void> => new Promise(setImmediate);

/** `n` pictures of 2 × 2: all pixels row 40, but for the left column, 200. Keeps count of what was asked for. */
function countedSet(n: number) {
  const asked: number[] = [];
  const rows: Row[] = Array.from({ length: n }, (_, index) => ({
    index,
    label: index % 2 ? 'odd' : 'even',
    patient: `p${index}`,
    split: 'train',
    source: '',
  }));
  const set = new Dataset('counted', ['even', 'odd'], rows, {
    pixels: async ({ index }, { size, channels }) => {
      asked.push(index);
      await turn();
      return Uint8Array.from({ length: size * size * channels }, (_, i) =>
        Math.floor(i / channels) % size ? index : 200,
      );
    },
  });
  return { set, asked };
}

async function all(set: Dataset, options: Partial<BatchOptions>): Promise<Batch[]> {
  const out: Batch[] = [];
  for await (const batch of batches(set, { size: 2, batch: 4, ...options })) out.push(batch);
  return out;
}
const order = (list: Batch[]): number[] => list.flatMap((b) => b.rows.map((row) => row.index));

describe('batches', () => {
  it('come in the order of the data set, with pixels, labels and rows that belong together', async () => {
    const list = await all(countedSet(10).set, {});
    assert.deepEqual(order(list), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(
      list.map((b) => b.n),
      [4, 4, 2],
    );
    assert.deepEqual(list[2].shape, [2, 2, 2, 1]);
    assert.deepEqual([...list[2].y], [0, 1]);
    assert.deepEqual(
      Array.from(list[2].x, (v) => Math.round(v * 255)),
      [200, 8, 200, 8, 200, 9, 200, 9],
    );
  });

  it('shuffled are the same for the same seed and epoch, and others for others', async () => {
    const { set } = countedSet(40);
    const of = async (seed: number, epoch: number): Promise<number[]> =>
      order(await all(set, { shuffle: true, seed, epoch }));
    const first = await of(1, 0);
    assert.deepEqual(await of(1, 0), first);
    assert.notDeepEqual(await of(1, 1), first);
    assert.notDeepEqual(await of(2, 0), first);
    assert.deepEqual(
      [...first].sort((a, b) => a - b),
      order(await all(set, {})),
    );
  });

  it('mirror about half of the pictures, the same ones for the same seed', async () => {
    const { set } = countedSet(200);
    const flips = async (seed: number, epoch: number): Promise<boolean[]> =>
      (await all(set, { seed, epoch, augment: { flip: true } })).flatMap((b) =>
        b.rows.map((row, i) => {
          const [a, c] = [b.x[4 * i], b.x[4 * i + 1]].map((v) => Math.round(v * 255));
          assert.deepEqual(new Set([a, c]), new Set([200, row.index]));
          return a !== 200;
        }),
      );
    const first = await flips(0, 0);
    const n = first.filter(Boolean).length;
    assert.ok(n > 70 && n < 130, `${n} of 200`);
    assert.deepEqual(await flips(0, 0), first);
    assert.notDeepEqual(await flips(0, 1), first);
    assert.notDeepEqual(await flips(1, 0), first);
  });

  it('are scaled by mean and standard deviation, one a channel', async () => {
    const [{ x }] = await all(countedSet(1).set, { channels: 3, mean: [0, 0.5, 1], std: [1, 0.5, 2] });
    const v = 200 / 255;
    [v, (v - 0.5) / 0.5, (v - 1) / 2].forEach((want, c) => assert.ok(Math.abs(x[c] - want) < 1e-6));
  });

  it('have blue first where a network takes it so, as Keras’s preprocess_input does for VGG', async () => {
    const colours = [255, 128, 64, 0, 10, 20, 30, 40, 50, 60, 70, 80];
    const picture = { pixels: Uint8Array.from(colours), width: 2, height: 2, channels: 3 as const };
    const [row] = countedSet(1).set.rows;
    const set = new Dataset('coloured', ['even'], [row], {
      pixels: () => Promise.resolve(picture.pixels),
      picture: () => Promise.resolve(picture),
    });
    const means = [103.939, 116.779, 123.68];
    const caffe = { channelOrder: 'bgr', mean: means.map((v) => v / 255), std: 1 / 255 } as const;
    const wanted = colours.map((_, i) => colours[i - (i % 3) + 2 - (i % 3)] - means[i % 3]);
    // through a table of bytes, and as numbers
    for (const augment of [[], [contrast([1, 1])]]) {
      const [{ x }] = await all(set, { channels: 3, augment, ...caffe });
      wanted.forEach((v, i) => assert.ok(Math.abs(x[i] - v) < 1e-3, `${i}: ${x[i]} in place of ${v}`));
    }
    const [grey] = await all(countedSet(1).set, { channels: 1, channelOrder: 'bgr' });
    assert.ok(Math.abs(grey.x[0] - 200 / 255) < 1e-6);
    const wrong = { channelOrder: 'gbr' } as unknown as Partial<BatchOptions>;
    await assert.rejects(all(set, wrong), says('option', /channelOrder must be 'rgb' or 'bgr', not 'gbr'/));
  });

  it('leave out the smaller last one where told', async () => {
    const list = await all(countedSet(10).set, { dropLast: true });
    assert.deepEqual(order(list), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(await all(countedSet(3).set, { dropLast: true }), []);
  });

  it('of no image are none, of one image one', async () => {
    assert.deepEqual(await all(countedSet(0).set, {}), []);
    const list = await all(countedSet(1).set, {});
    assert.equal(list.length, 1);
    assert.deepEqual(list[0].shape, [1, 2, 2, 1]);
  });

  it('are decoded ahead while the one before is worked on, and no further than told', async () => {
    for (const prefetch of [0, 1, 2]) {
      const { set, asked } = countedSet(40);
      const source = batches(set, { size: 2, batch: 4, prefetch });
      await source.next();
      for (let k = 0; k < 5; k++) await turn();
      assert.equal(asked.length, 4 * (1 + prefetch));
      await source.next();
      assert.equal(asked.length, 4 * (2 + prefetch));
      await source.return();
      for (let k = 0; k < 5; k++) await turn();
      assert.equal(asked.length, 4 * (2 + prefetch));
    }
  });

  it('stop with the reason when the signal is aborted, before or while decoding', async () => {
    const { set } = countedSet(40);
    await assert.rejects(all(set, { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
    const control = new AbortController();
    const source = batches(set, { size: 2, batch: 4, signal: control.signal });
    await source.next();
    control.abort(new Error('that will do'));
    await assert.rejects(source.next(), /that will do/);
    const slow = new Dataset('slow', ['a', 'b'], set.rows, { pixels: () => new Promise(() => undefined) });
    const stop = new AbortController();
    const waiting = batches(slow, { size: 2, signal: stop.signal }).next();
    setTimeout(() => stop.abort(new Error('no longer')), 5);
    await assert.rejects(waiting, /no longer/);
  });

  it('leave no listener on the signal', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...given: Parameters<typeof add>) => (listeners++, add(...given));
    signal.removeEventListener = (...given: Parameters<typeof remove>) => (listeners--, remove(...given));
    await all(countedSet(40).set, { signal });
    assert.equal(listeners, 0);
  });

  it('keep decoded pictures up to the limit in bytes, for all sets of one opening', async () => {
    const { set, asked } = countedSet(10);
    await all(set, { cache: 3 * 4 });
    await all(set, { cache: 3 * 4 });
    assert.equal(asked.length, 10 + 7);
    const other = countedSet(10);
    await all(other.set, {});
    await all(other.set.where({ label: 'odd' }), { shuffle: true, epoch: 1 });
    assert.equal(other.asked.length, 10);
    clearCache(other.set);
    await all(other.set, { cache: 0 });
    await all(other.set, { cache: 0 });
    assert.equal(other.asked.length, 30);
  });

  it('with options that cannot be are refused', async () => {
    const { set } = countedSet(4);
    const refuses = (options: object, part: RegExp): Promise<void> =>
      assert.rejects(all(set, options), says('option', part));
    await refuses({ batch: 0 }, /batch must be a whole number above 0, not 0/);
    await refuses({ size: 1.5 }, /size must be .*1\.5/);
    await refuses({ prefetch: -1 }, /prefetch/);
    await refuses({ channels: 2 }, /channels must be 1 or 3, not 2/);
    await refuses({ channels: 3, mean: [0, 1] }, /mean must be one number or 3/);
    await refuses({ std: 0 }, /not zero for std/);
  });
});

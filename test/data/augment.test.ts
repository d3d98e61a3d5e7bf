import assert from 'node:assert/strict';
import { data, plot } from '../../src/index.js';
import { affine as affineMatrix } from '../../src/data/augment/matrix.js';
import { start } from '../../src/data/augment/apply.js';
import { warp } from '../../src/data/augment/warp.js';
import type { Sample } from '../../src/data/augment/index.js';
import { says } from './folder.js';

const { augment } = data;

/** Values of torchvision 0.24 (transforms.v2.functional) for the picture below, 5 wide and 4 high: (37 i mod 101) / 100. */
const torchvision = {
  affine: [
    0.47729, 0.43932, 0.14357, 0.44763, 0.66143, 0.60208, 0.52443, 0.30857, 0.52237, 0.82643, 0.24586,
    0.35779, 0.29306, 0.59712, 0.55038, 0.0, 0.0, 0.12433, 0.44688, 0.89669,
  ],
  rotate: [
    0.08974, 0.45891, 0.40038, 0.46566, 0.16738, 0.23568, 0.37673, 0.64022, 0.78492, 0.1448, 0.802, 0.18508,
    0.32978, 0.59327, 0.73432, 0.36948, 0.50434, 0.56962, 0.23747, 0.1967,
  ],
  nearest: [
    0.0, 0.0, 0.1, 0.47, 0.0, 0.84, 0.2, 0.57, 0.94, 0.0, 0.0, 0.03, 0.4, 0.77, 0.13, 0.0, 0.5, 0.87, 0.0,
    0.0,
  ],
  blur: [
    0.34761, 0.40412, 0.53274, 0.51214, 0.44264, 0.40808, 0.38369, 0.51231, 0.57261, 0.49053, 0.47947,
    0.39739, 0.45769, 0.58631, 0.56192, 0.52736, 0.45786, 0.43726, 0.56588, 0.62239,
  ],
  contrast: [
    0.0, 0.3125, 0.8675, 0.0, 0.4625, 1.0, 0.0575, 0.6125, 1.0, 0.2075, 0.7625, 0.0, 0.3575, 0.9125, 0.0,
    0.5075, 1.0, 0.1025, 0.6575, 1.0,
  ],
  brightness: [
    0.0, 0.518, 1.0, 0.14, 0.658, 1.0, 0.28, 0.798, 1.0, 0.42, 0.938, 0.042, 0.56, 1.0, 0.182, 0.7, 1.0,
    0.322, 0.84, 1.0,
  ],
  gamma: [
    0.0, 0.49859, 0.80996, 0.19953, 0.58948, 0.88511, 0.32413, 0.6747, 0.95761, 0.43051, 0.75553, 0.0859,
    0.52655, 0.83281, 0.23975, 0.61557, 0.90712, 0.35745, 0.69937, 0.9789,
  ],
  contrastRgb: [
    0.19398, 0.41598, 0.63798, 0.25398, 0.47598, 0.69798, 0.31398, 0.53598, 0.75798, 0.37398, 0.59598,
    0.21198, 0.43398, 0.65598, 0.27198, 0.49398, 0.71598, 0.33198, 0.55398, 0.77598, 0.47598, 0.25398,
    0.63798, 0.41598, 0.19398, 0.37398, 0.75798, 0.53598, 0.31398, 0.69798, 0.27198, 0.65598, 0.43398,
    0.21198, 0.59598, 0.77598, 0.55398, 0.33198, 0.71598, 0.49398, 0.49398, 0.71598, 0.33198, 0.55398,
    0.77598, 0.59598, 0.21198, 0.43398, 0.65598, 0.27198, 0.69798, 0.31398, 0.53598, 0.75798, 0.37398,
    0.19398, 0.41598, 0.63798, 0.25398, 0.47598,
  ],
};
/** F.resized_crop(big, top 2, left 3, height 8, width 9, size 6, antialias) of a picture of 15 × 12 in 8 bits. */
const big = [
  0, 0, 31, 63, 94, 126, 157, 189, 134, 80, 26, 57, 88, 120, 120, 0, 0, 31, 63, 94, 126, 157, 189, 134, 80,
  26, 57, 88, 120, 120, 71, 71, 74, 77, 80, 111, 143, 174, 148, 123, 97, 100, 103, 105, 105, 143, 143, 117,
  91, 65, 97, 128, 160, 163, 165, 168, 143, 117, 91, 91, 214, 214, 160, 105, 51, 82, 114, 145, 177, 208, 240,
  185, 131, 76, 76, 200, 200, 145, 91, 37, 68, 99, 131, 162, 194, 225, 171, 116, 62, 62, 185, 185, 131, 76,
  22, 54, 85, 116, 148, 179, 211, 156, 102, 48, 48, 171, 171, 116, 62, 8, 39, 71, 102, 133, 165, 196, 142, 88,
  33, 33, 156, 156, 131, 105, 79, 82, 85, 88, 119, 150, 182, 156, 130, 105, 105, 142, 142, 145, 148, 150, 125,
  99, 73, 105, 136, 167, 170, 173, 176, 176, 128, 128, 159, 190, 222, 167, 113, 59, 90, 122, 153, 184, 216,
  247, 247, 128, 128, 159, 190, 222, 167, 113, 59, 90, 122, 153, 184, 216, 247, 247,
];
const resizedCrop = [
  79, 100, 146, 156, 132, 115, 83, 83, 128, 166, 191, 179, 73, 64, 109, 158, 203, 194, 54, 44, 89, 138, 184,
  174, 69, 57, 82, 119, 165, 164, 133, 115, 91, 102, 147, 168,
];

const grey = (): Sample => ({
  pixels: Float32Array.from({ length: 20 }, (_, i) => ((i * 37) % 101) / 100),
  width: 5,
  height: 4,
  depth: 1,
  channels: 1,
});
const near = (got: ArrayLike<number>, want: readonly number[], most = 2e-5): void => {
  assert.equal(got.length, want.length);
  want.forEach((v, i) => assert.ok(Math.abs(got[i] - v) <= most, `${i}: ${got[i]}, not ${v}`));
};
const pixels = (sample: Sample, ...steps: data.augment.Augmentation[]): Float32Array =>
  augment.apply(sample, steps).pixels;

describe('augmentation', () => {
  it('turned, moved, scaled and sheared is as torchvision does it', () => {
    const x = grey();
    const through = (
      a: Parameters<typeof affineMatrix>[1],
      interpolation: 'bilinear' | 'nearest',
    ): Float32Array => warp(x, [{ matrix: affineMatrix(x, a) }], x, { fill: 0, interpolation }).pixels;
    near(
      through({ angle: 30, translate: [1, -1, 0], scale: 1.2, shear: [10, 5] }, 'bilinear'),
      torchvision.affine,
    );
    near(
      through({ angle: -20, translate: [0, 0, 0], scale: 0.8, shear: [0, -15] }, 'nearest'),
      torchvision.nearest,
    );
    near(pixels(x, augment.rotate([25, 25])), torchvision.rotate);
    near(
      pixels(
        x,
        augment.affine({
          degrees: [-20, -20],
          scale: [0.8, 0.8],
          shear: [0, 0, -15, -15],
          interpolation: 'nearest',
        }),
      ),
      torchvision.nearest,
    );
  });

  it('in brightness, contrast, gamma and blur is as torchvision does it', () => {
    near(pixels(grey(), augment.brightness([1.4, 1.4])), torchvision.brightness);
    near(pixels(grey(), augment.contrast([1.5, 1.5])), torchvision.contrast);
    near(pixels(grey(), augment.gamma([0.7, 0.7])), torchvision.gamma);
    near(pixels(grey(), augment.blur({ kernel: 3, sigma: 0.8 })), torchvision.blur);
    const x = grey().pixels;
    const flipped = [4, 3, 2, 1, 0];
    const colour = Float32Array.from({ length: 60 }, (_, i) => {
      const [at, c] = [Math.floor(i / 3), i % 3];
      const [row, column] = [Math.floor(at / 5), at % 5];
      return [x[at], x[row * 5 + flipped[column]], x[(3 - row) * 5 + column]][c];
    });
    const got = pixels({ ...grey(), pixels: colour, channels: 3 }, augment.contrast([0.6, 0.6]));
    near(
      Float32Array.from({ length: 60 }, (_, i) => got[(i % 20) * 3 + Math.floor(i / 20)]),
      torchvision.contrastRgb,
    );
  });

  it('a crop that is stretched is as torchvision does it with antialiasing', () => {
    const picture = { pixels: Uint8Array.from(big), width: 15, height: 12, channels: 1 as const };
    const matrix = [9 / 6, 0, 0, 3 + 0.75 - 0.5, 0, 8 / 6, 0, 2 + 8 / 12 - 0.5, 0, 0, 1, 0];
    const to = { width: 6, height: 6, depth: 1 };
    const begun = start(picture, [
      { mappings: [{ matrix }], to, options: { fill: 0, interpolation: 'bilinear' } },
    ]);
    assert.equal(begun.rest.length, 0);
    near(begun.picture.pixels, resizedCrop, 1); // two roundings to 8 bits there, two here
  });

  it('flips exactly, in every direction, and volumes from slice to slice', () => {
    const cube: Sample = {
      pixels: Float32Array.from({ length: 8 }, (_, i) => i / 8),
      width: 2,
      height: 2,
      depth: 2,
      channels: 1,
    };
    const eighths = (axis: 'horizontal' | 'vertical' | 'depth'): number[] =>
      [...pixels(cube, augment.flip({ axis, p: 1 }))].map((v) => 8 * v);
    assert.deepEqual(eighths('horizontal'), [1, 0, 3, 2, 5, 4, 7, 6]);
    assert.deepEqual(eighths('vertical'), [2, 3, 0, 1, 6, 7, 4, 5]);
    assert.deepEqual(eighths('depth'), [4, 5, 6, 7, 0, 1, 2, 3]);
  });

  it('turns a volume about its other axes by tilt: a quarter turn brings slices to columns', () => {
    const side = 3;
    const cube: Sample = {
      pixels: Float32Array.from({ length: 27 }, (_, i) => i / 27),
      width: side,
      height: side,
      depth: side,
      channels: 1,
    };
    const turned = augment.apply(cube, [augment.affine({ tilt: [90, 90] })]).pixels;
    assert.deepEqual(
      [...turned].map((v) => Math.round(27 * v)).sort((a, b) => a - b),
      [...Array(27).keys()],
    );
    assert.notDeepEqual([...turned], [...cube.pixels]);
  });

  it('composes moves into one resampling: there and back is where it was', () => {
    const x = grey();
    near(pixels(x, augment.rotate([37, 37]), augment.rotate([-37, -37])), [...x.pixels], 1e-5);
    near(
      pixels(
        x,
        augment.flip({ p: 1 }),
        augment.scale([2, 2]),
        augment.scale([0.5, 0.5]),
        augment.flip({ p: 1 }),
      ),
      [...x.pixels],
      1e-5,
    );
  });

  it('moves a mask as it moves the picture', () => {
    const mask = Uint8Array.from({ length: 400 }, (_, i) => (i % 20 > 11 && i < 160 ? 1 : 0));
    const x: Sample = { pixels: Float32Array.from(mask), mask, width: 20, height: 20, depth: 1, channels: 1 };
    const steps = [
      augment.flip({ p: 1 }),
      augment.affine({ degrees: 20, translate: 0.1, scale: [0.9, 1.2] }),
      augment.elastic({ alpha: 10, sigma: 4 }),
      augment.brightness(0.1),
    ];
    const got = augment.apply(x, steps, { seed: 4 });
    let differing = 0;
    got.mask!.forEach((v, i) => (differing += Number(got.pixels[i] >= 0.5 !== (v === 1))));
    assert.ok(got.mask!.includes(1) && differing <= 8, `${differing} of 400 differ`);
    assert.deepEqual([...x.mask!], [...mask], 'the original stays');
  });

  it('draws within its ranges, spread over them, the same for the same keys', () => {
    const x: Sample = {
      pixels: new Float32Array(100).fill(0.5),
      width: 10,
      height: 10,
      depth: 1,
      channels: 1,
    };
    const values = Array.from(
      { length: 500 },
      (_, row) => augment.apply(x, [augment.brightness([0.5, 1.5])], { row }).pixels[0] / 0.5,
    );
    assert.ok(
      Math.min(...values) >= 0.5 &&
        Math.min(...values) < 0.52 &&
        Math.max(...values) < 1.5 &&
        Math.max(...values) > 1.48,
    );
    const erased = Array.from(
      { length: 500 },
      (_, row) => augment.apply(x, [augment.erasing()], { row }).pixels.filter((v) => v === 0).length,
    );
    const hit = erased.filter((n) => n > 0).length;
    assert.ok(hit > 200 && hit < 300, `${hit} of 500 erased with p 0.5`);
    assert.ok(Math.max(...erased) <= 40 && erased.some((n) => n > 25));
    const noisy = (row: number, seed = 0, epoch = 0): string =>
      String(augment.apply(x, [augment.noise(0.2)], { row, seed, epoch }).pixels);
    assert.equal(noisy(1), noisy(1));
    assert.equal(new Set([noisy(1), noisy(2), noisy(1, 1), noisy(1, 0, 1)]).size, 4);
  });

  it('noise has the deviation asked for; a window maps Hounsfield units to 0 to 1', () => {
    const x: Sample = {
      pixels: new Float32Array(40_000).fill(0.5),
      width: 200,
      height: 200,
      depth: 1,
      channels: 1,
    };
    const got = pixels(x, augment.noise(0.1));
    const mean = got.reduce((a, v) => a + v, 0) / got.length;
    const deviation = Math.sqrt(got.reduce((a, v) => a + (v - mean) ** 2, 0) / got.length);
    assert.ok(Math.abs(mean - 0.5) < 0.003 && Math.abs(deviation - 0.1) < 0.003, `${mean} ± ${deviation}`);
    const scan: Sample = {
      pixels: Float32Array.of(-2000, -1350, -600, 150, 500),
      width: 5,
      height: 1,
      depth: 1,
      channels: 1,
    };
    near(pixels(scan, augment.window({ centre: -600, width: 1500 })), [0, 0, 0.5, 1, 1]);
  });

  it('elastic displacements are smooth, of alpha / 2 at most, and none with alpha 0', () => {
    const ramp: Sample = {
      pixels: Float32Array.from({ length: 1600 }, (_, i) => (i % 40) / 40),
      width: 40,
      height: 40,
      depth: 1,
      channels: 1,
    };
    near(pixels(ramp, augment.elastic({ alpha: 0 })), [...ramp.pixels], 1e-6);
    const bent = pixels(ramp, augment.elastic({ alpha: 40, sigma: 4 }));
    const moved = Array.from({ length: 20 * 20 }, (_, i) => {
      const [x, y] = [10 + (i % 20), 10 + Math.floor(i / 20)];
      return bent[y * 40 + x] * 40 - x;
    });
    assert.ok(Math.max(...moved.map(Math.abs)) > 0.2 && Math.max(...moved.map(Math.abs)) < 20);
    for (let i = 1; i < 20; i++) assert.ok(Math.abs(moved[i] - moved[i - 1]) < 1, 'neighbours move together');
  });

  it('is shown by plot.augmentations: originals and draws, the same as the batches of fit', async () => {
    const films = data.phantom({ patients: 6, size: 32 });
    const steps = [augment.rotate(20), augment.flip()];
    const shown = await augment.draws(films, steps, { pictures: 2, n: 3, seed: 5, size: 32 });
    assert.deepEqual(
      shown.map(({ caption }) => caption!.replace(/^(?!draw).*/, 'label')),
      ['label', 'draw 1', 'draw 2', 'draw 3', 'label', 'draw 1', 'draw 2', 'draw 3'],
    );
    const set = films.sample({ n: 2, seed: 5 });
    assert.deepEqual(shown[4].pixels, await films.pixels(set.rows[1], { size: 32 }));
    for await (const { x } of data.batches(set, { size: 32, augment: steps, seed: 5, epoch: 2, workers: 2 }))
      assert.deepEqual(
        shown[2].pixels,
        Uint8Array.from(x.subarray(0, 1024), (v) => Math.round(255 * v)),
      );
    const figure = await plot.augmentations(films, steps, { pictures: 2, n: 3, seed: 5, size: 32 });
    assert.match(figure.summary, /^8 films: .*, draw 1, draw 2, draw 3, /);
    await assert.rejects(
      plot.augmentations(
        films.filter(() => false),
        steps,
      ),
      { name: 'PlotError' },
    );
  });

  it('with options out of range says what is allowed', () => {
    const refuses = (make: () => unknown, part: RegExp): void => assert.throws(make, says('option', part));
    refuses(
      () => augment.rotate(400),
      /augment\.rotate: degrees must be a number from 0 to 360; it is 400\./,
    );
    refuses(() => augment.scale([2, 1]), /scale must be \[least, most\]/);
    refuses(() => augment.translate(1.5), /translate must be a number from 0 to 1; it is 1\.5/);
    refuses(() => augment.flip({ p: 2 }), /p must be a number from 0 to 1/);
    refuses(
      () => augment.flip({ axis: 'up' as 'depth' }),
      /axis must be one of horizontal, vertical, depth; it is "up"/,
    );
    refuses(() => augment.blur({ kernel: 4 }), /kernel must be an odd whole number/);
    refuses(() => augment.crop({ scale: [0, 2] }), /scale must be .* from 0\.001 to 1/);
    refuses(
      () => augment.apply(grey(), [{ op: 'twist', p: 1 }]),
      /step 1 is .*twist.*There are augment\.flip/,
    );
    refuses(() => augment.apply(grey(), [augment.flip(), augment.crop()]), /crop must be the first step/);
  });
});

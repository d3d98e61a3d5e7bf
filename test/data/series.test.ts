// Series of slices that lie in the patient in other ways than one above the other.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as data from '../../src/data/index.js';
import { dicomFile, imageElements } from '../support/dicom-file.js';

/** A slice by where it lies; its pixels hold its number. */
interface Slice {
  name: string;
  number: number;
  origin: readonly number[];
  spacing?: string;
}

const axial = [1, 0, 0, 0, 1, 0];

describe('a series of slices', () => {
  let folder: string;
  let count = 0;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-slices-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (slices: readonly Slice[], axes: readonly number[] = axial): Promise<data.Volume> => {
    const inside = mkdtempSync(join(folder, `${count++}-`));
    for (const { name, number, origin, spacing = '0.7\\0.8' } of slices)
      writeFileSync(
        join(inside, name),
        dicomFile(
          imageElements(2, 2, {
            0x00080018: ['UI', `1.2.${number}`],
            0x00080060: ['CS', 'CT'],
            0x0020000e: ['UI', '1.2'],
            0x00200013: ['IS', String(number)],
            0x00200032: ['DS', origin.join('\\')],
            0x00200037: ['DS', axes.map((v) => v.toFixed(6)).join('\\')],
            0x00280030: ['DS', spacing],
            0x7fe00010: ['OW', new Uint8Array(Uint16Array.of(number, number, number, number).buffer)],
          }),
        ),
      );
    return data.readSeries(inside);
  };
  const numbers = ({ data, shape }: data.Volume): number[] =>
    Array.from({ length: shape[0] }, (_, z) => data[z * 4]);

  it('from a tilted gantry keeps its place in the patient in the affine, and says that it is oblique', async () => {
    const [c, s] = [Math.cos(Math.PI / 12), Math.sin(Math.PI / 12)];
    const tilted = [1, 0, 0, 0, c, -s];
    const stack = (step: readonly number[]): Slice[] =>
      Array.from({ length: 6 }, (_, i) => ({
        name: `${i}.dcm`,
        number: i,
        origin: step.map((v) => Number((v * i).toFixed(5))),
      }));
    const volume = await read(stack([0, 0, 2.5]), tilted);
    assert.match(volume.notes.join(' '), /shifted by 0\.647 mm .* tilted by 15°/);
    assert.ok(Math.abs(volume.spacing[0] - 2.5 * c) < 1e-4); // between the planes
    // the first pixel of slice 5 is 12.5 mm above that of slice 0, as ImagePositionPatient says
    volume.affine.slice(0, 3).forEach((row, i) => assert.ok(Math.abs(5 * row[2] - [0, 0, 12.5][i]) < 1e-4));
    // slices of the same tilt that lie straight behind each other are no such thing
    const straight = await read(stack([0, 2.5 * s, 2.5 * c]), tilted);
    assert.doesNotMatch(straight.notes.join(' '), /shifted/);
  });

  it('of two phases gives the slices of the first, not a mixture by file names', async () => {
    const names = [0, 5, 2, 7, 4, 1, 6, 3];
    const slices = names.map((name, i) => ({
      name: `${name}.dcm`,
      number: i,
      origin: [0, 0, 2.5 * (i % 4)],
    }));
    const volume = await read(slices);
    assert.deepEqual(numbers(volume), [0, 1, 2, 3]);
    assert.match(volume.notes.join(' '), /4 slices lie where another one does, and are left out/);
  });

  it('with pixels of two sizes says so', async () => {
    const slices = [0, 1, 2].map((i) => ({ name: `${i}.dcm`, number: i, origin: [0, 0, i] }));
    const volume = await read(
      slices.map((slice, i) => (i === 2 ? { ...slice, spacing: '0.5\\0.5' } : slice)),
    );
    assert.match(volume.notes.join(' '), /0\.dcm has 0\.7 × 0\.8 mm, 2\.dcm 0\.5 × 0\.5 mm/);
    assert.doesNotMatch((await read(slices)).notes.join(' '), /one size/);
  });
});

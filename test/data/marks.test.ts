// Burnt-in letters: what is one, what is none, and how often films of phantoms are told from each other by them.

import assert from 'node:assert/strict';
import sharp from 'sharp';
import { findMarks, type Mark } from '../../src/data/audit/marks.js';
import { audit, phantom, phantomCT } from '../../src/data/index.js';

const side = 256;

/** A grey film that gets brighter downwards, with shapes drawn on it by SVG paths. */
async function film(shapes: string, { blur = 0, size = side } = {}): Promise<Mark[]> {
  const svg = `<svg width="${size}" height="${size}" viewBox="0 0 256 256"><defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="#303030"/><stop offset="1" stop-color="#707070"/></linearGradient></defs><rect width="256" height="256" fill="url(#g)"/>${shapes}</svg>`;
  const drawn = sharp(Buffer.from(svg)).extractChannel(0);
  const pixels = await (blur ? drawn.blur(blur) : drawn).raw().toBuffer();
  return findMarks(pixels, size, size);
}
/** An L of 20 × 14 whose corner is at the place, in this grey. */
const letter = (x: number, y: number, grey = '#f0f0f0'): string =>
  `<path d="M${x} ${y - 20}v20h14" fill="none" stroke="${grey}" stroke-width="4"/>`;

describe('burnt-in marks', function () {
  this.timeout(120_000);

  it('are letters near a border, where they are and as large as they are, at any size of the film', async () => {
    for (const size of [128, 256, 512, 1024]) {
      const found = await film(letter(20, 40), { size });
      assert.equal(found.length, 1, `at ${size}`);
      const [{ x, y, width, height }] = found;
      assert.ok(Math.abs(x - 26 / 256) < 0.02 && Math.abs(y - 31 / 256) < 0.02, `${x}, ${y}`);
      assert.ok(
        Math.abs(width - 16 / 256) < 0.03 && Math.abs(height - 22 / 256) < 0.03,
        `${width}, ${height}`,
      );
    }
    assert.equal((await film(letter(20, 40) + letter(210, 60) + letter(60, 240))).length, 3);
    assert.equal((await film(letter(20, 40, '#808080'))).length, 1, 'grey ones too');
  });

  it('are nothing soft, filled, long, faint or in the middle', async () => {
    const none: Record<string, string> = {
      nothing: '',
      disc: '<circle cx="30" cy="40" r="10" fill="#f0f0f0"/>',
      wire: '<path d="M10 20Q120 60 250 30" fill="none" stroke="#f0f0f0" stroke-width="3"/>',
      frame: '<rect x="4" y="4" width="248" height="248" fill="none" stroke="#fff" stroke-width="4"/>',
      plate: '<rect x="10" y="20" width="30" height="60" fill="#f0f0f0"/>',
      faint: letter(20, 40, '#484848'),
      middle: letter(125, 135),
    };
    for (const [name, shapes] of Object.entries(none)) assert.deepEqual(await film(shapes), [], name);
    assert.deepEqual(await film(letter(20, 40), { blur: 5 }), [], 'soft');
    assert.deepEqual(findMarks(new Uint8Array(100).fill(255), 10, 10), [], 'tiny');
  });

  it('are found on phantoms with side letters, and seldom on those without', async () => {
    for (const size of [160, 320]) {
      const set = phantom({ patients: 400, size, seed: 404 });
      const share = async (marker: string): Promise<number> => {
        const rows = set.where({ marker, letters: 'none' }).rows.slice(0, 20);
        let n = 0;
        for (const row of rows) if (findMarks(await set.pixels(row, { size }), size, size).length > 0) n++;
        return n / rows.length;
      };
      const [left, none] = [await share('L'), await share('none')];
      assert.ok(left >= 0.9, `${left} with a letter at ${size}`);
      assert.ok(none <= 0.1, `${none} without at ${size}`);
    }
  });

  it('are told of with the warning that vessels in slices of CT look like them', async () => {
    const { findings } = await audit(phantomCT({ patients: 4 }), { onProgress: () => undefined });
    const told = findings.find(({ kind }) => kind === 'marks');
    assert.match(told!.sentence, /letters or marks burnt in .*in slices of CT, vessels look like them/);
  });
});

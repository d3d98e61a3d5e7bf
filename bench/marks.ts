// What the audit finds of letters burnt into films: phantoms without any, with their own side letters and captions, and with text of a
// font stamped on. node build/bench/marks.js [--count 100] [--seed 1] [--sizes 128,224,320,512]. Prints one JSON document.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { greyOf, pictureOf } from '../src/data/audit/examine.js';
import { findMarks } from '../src/data/audit/marks.js';
import { open, phantom, type Dataset, type Row } from '../src/data/index.js';
import { random, type Random } from '../src/data/random.js';

const { values: given } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    sizes: { type: 'string', default: '128,224,320,512' },
  },
});
const [count, seed] = [Number(given.count), Number(given.seed)];

/** A side letter or a caption near a border, somewhat turned, not always white; `at` is its middle. */
function stamp(size: number, r: Random): { svg: Buffer; at: [x: number, y: number] } {
  const side = r.chance(0.6);
  const texts = side ? ['L', 'R'] : ['PORTABLE', 'AP SUPINE', '21:10:21', 'kV 70'];
  const height = size * (side ? r(0.05, 0.09) : Math.max(8 / size, r(0.03, 0.045)));
  const across = side ? (r.chance(0.5) ? r(0.04, 0.14) : r(0.86, 0.96)) : r(0.2, 0.8);
  const down = side ? r(0.06, 0.9) : r.chance(0.5) ? r(0.04, 0.1) : r(0.9, 0.96);
  const [x, y] = [across * size, down * size];
  const family = ['sans-serif', 'serif', 'monospace'][r.int(3)];
  const tone = 190 + r.int(66);
  const text = texts[r.int(texts.length)];
  return {
    svg: Buffer.from(
      `<svg width="${size}" height="${size}"><text x="${x}" y="${y}" font-size="${height / 0.72}" font-family="${family}" font-weight="${r.chance(0.5) ? 700 : 400}" text-anchor="middle" dominant-baseline="central" fill="rgb(${tone},${tone},${tone})" transform="rotate(${side ? r(-15, 15) : 0} ${x} ${y})">${text}</text></svg>`,
    ),
    at: [across, down],
  };
}

interface Tally {
  films: number;
  /** Films with a mark found at all; where it was stamped. */
  found: number;
  right?: number;
  milliseconds: number;
}

const folder = mkdtempSync(join(tmpdir(), 'cellgrad-marks-'));
const raw = (size: number) => ({ raw: { width: size, height: size, channels: 1 as const } });

/** The films as 8-bit files, or as those of 16 bits whose values reach to 4095. */
async function files(rows: readonly Row[], set: Dataset, size: number, bits: number, text: boolean) {
  const lines = ['file,label'];
  const places: ([number, number] | undefined)[] = [];
  for (const row of rows) {
    let pixels = await set.pixels(row, { size });
    const { svg, at } = stamp(size, random(seed, 'stamp', row.index));
    if (text)
      pixels = await sharp(pixels, raw(size))
        .composite([{ input: svg }])
        .extractChannel(0)
        .raw()
        .toBuffer();
    places.push(text ? at : undefined);
    const name = `${size}-${bits}-${text}-${lines.length}.png`;
    const film =
      bits === 8
        ? sharp(pixels, raw(size))
        : sharp(
            Uint16Array.from(pixels, (v) => v * 16),
            raw(size),
          ).toColourspace('grey16');
    await film.png().toFile(join(folder, name));
    lines.push(`${name},${row.index % 2 ? 'a' : 'b'}`);
  }
  const manifest = join(folder, 'manifest.csv');
  writeFileSync(manifest, `${lines.join('\n')}\n`);
  return { films: await open(manifest, { needs: [] }), places };
}

async function tally(films: Dataset, places: ([number, number] | undefined)[] = []): Promise<Tally> {
  let [found, right, ms] = [0, 0, 0];
  for (const [i, row] of films.rows.entries()) {
    const picture = await pictureOf(films, row);
    const grey = greyOf(picture);
    const begun = performance.now();
    const marks = findMarks(grey, picture.width, picture.height);
    ms += performance.now() - begun;
    if (marks.length > 0) found++;
    const at = places[i];
    if (
      at &&
      marks.some(({ x, y, width, height }) => {
        const reach = 0.08; // half a caption
        return Math.abs(x - at[0]) < width / 2 + reach && Math.abs(y - at[1]) < height / 2 + 0.03;
      })
    )
      right++;
  }
  return {
    films: films.length,
    found,
    ...(places[0] && { right }),
    milliseconds: Math.round((10 * ms) / films.length) / 10,
  };
}

try {
  const found: Record<string, Record<string, Tally>> = {};
  for (const size of given.sizes.split(',').map(Number)) {
    const set = phantom({ patients: 20 * count, size, seed, confounders: { hospital: 0 } });
    const clean = set.where({ marker: 'none', letters: 'none' }).rows.slice(0, count);
    const marked = set.filter(({ extra }) => extra!.marker !== 'none').rows.slice(0, count);
    const captioned = set.where({ marker: 'none', letters: 'caption' }).rows.slice(0, count);
    const here: Record<string, Tally> = {};
    for (const bits of [8, 16]) {
      const plain = await files(clean, set, size, bits, false);
      const text = await files(clean, set, size, bits, true);
      here[`clean, ${bits} bits`] = await tally(plain.films);
      here[`text, ${bits} bits`] = await tally(text.films, text.places);
    }
    here['own side letters'] = await tally((await files(marked, set, size, 8, false)).films);
    here['own captions'] = await tally((await files(captioned, set, size, 8, false)).films);
    found[size] = here;
  }
  console.log(JSON.stringify({ bench: 'marks', arguments: given, found }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

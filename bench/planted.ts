// What the audit finds of planted faults, in films or in phantoms: exact copies, copies after each of thirteen edits, and pairs it takes
// for copies that are none. node build/bench/planted.js [--films cxr|phantom] [--data FOLDER] [--count 260] [--seed 5]. Prints one JSON document.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { audit, batches, open, phantom, type Dataset, type Row } from '../src/data/index.js';
import { random } from '../src/data/random.js';
import { here } from './runner.js';

const { values: given } = parseArgs({
  options: {
    films: { type: 'string', default: 'cxr' },
    data: { type: 'string', default: here('../../../shared/data/cxr', import.meta.url) },
    count: { type: 'string', default: '260' },
    seed: { type: 'string', default: '5' },
  },
});
const [count, seed] = [Number(given.count), Number(given.seed)];

const stamp = (width: number, height: number): Buffer =>
  Buffer.from(
    `<svg width="${width}" height="${height}"><text x="${width * 0.7}" y="${height * 0.12}" font-size="${height * 0.08}" fill="white">PORTABLE</text></svg>`,
  );
const edits: Record<string, (film: Sharp, width: number, height: number) => Sharp> = {
  jpeg: (film) => film.jpeg({ quality: 30 }),
  half: (film, width) => film.resize(Math.round(width / 2)),
  aspect: (film) => film.resize(224, 224, { fit: 'fill' }),
  cut: (film, w, h) => {
    const [left, top] = [Math.round(w * 0.05), Math.round(h * 0.05)];
    return film.extract({ left, top, width: w - 2 * left, height: h - 2 * top });
  },
  border: (film) => film.extend({ top: 12, bottom: 12, left: 12, right: 12, background: '#000' }),
  turned: (film) => film.rotate(2, { background: '#000' }),
  gamma: (film) => film.gamma(1.6),
  brighter: (film) => film.linear(1.3, -25),
  darker: (film) => film.linear(0.7, 10),
  equalised: (film) => film.clahe({ width: 60, height: 60, maxSlope: 3 }),
  blurred: (film) => film.blur(1.5),
  sharpened: (film) => film.sharpen({ sigma: 1.5 }),
  stamped: (film, w, h) => film.composite([{ input: stamp(w, h), left: 0, top: 0 }]),
};

/** Phantoms as files, as a set's films are. */
async function phantomFiles(folder: string): Promise<Dataset> {
  const side = 256;
  mkdirSync(folder);
  const set = phantom({ patients: count, filmsPerPatient: [1, 1], size: side, seed });
  const lines = ['file,label,patient,split'];
  for await (const { x, rows } of batches(set, { size: side, batch: 1 })) {
    const name = `${lines.length}.png`;
    const pixels = Uint8Array.from(x, (v) => Math.round(v * 255));
    await sharp(pixels, { raw: { width: side, height: side, channels: 1 } }).toFile(join(folder, name));
    lines.push([name, rows[0].label, rows[0].patient, rows[0].split].join());
  }
  writeFileSync(join(folder, 'manifest.csv'), `${lines.join('\n')}\n`);
  return open(join(folder, 'manifest.csv'));
}

const folder = mkdtempSync(join(tmpdir(), 'cellgrad-planted-'));
try {
  const base =
    given.films === 'phantom'
      ? await phantomFiles(join(folder, 'films'))
      : (await open(join(given.data, 'manifest.csv'), { label: 'label3' })).sample({ n: count, seed });
  const rows: Row[] = [...base.rows];
  const names = Object.keys(edits);
  const kinds = [...Array<string>(20).fill('exact'), ...names, ...names, ...names];
  const order = random(seed, 'planted').shuffle(base.rows.map((_, i) => i));
  const kindOf = new Map<string, string>();
  for (const [k, kind] of kinds.entries()) {
    const row = base.rows[order[k]];
    const file = join(folder, `${kind}-${k}.png`);
    if (kind === 'exact') copyFileSync(row.file!, file);
    else {
      // a film of its own first: edits see what a reader of the file sees
      const film = sharp(await sharp(row.file!).png().toBuffer());
      const { width, height } = await film.metadata();
      await edits[kind](film, width, height).png().toFile(file);
    }
    kindOf.set(basename(file), kind);
    rows.push({ ...row, index: 1_000_000 + k, file, name: basename(file), patient: `copy ${k}` });
  }
  const start = performance.now();
  const found = await audit(base.with(rows), { seed, onProgress: () => undefined });
  const seconds = (performance.now() - start) / 1000;
  const inCopies = new Set(
    found.copies.flatMap(({ kind, rows }) =>
      rows.map((row) => `${kind === 'near' ? '' : 'exact-'}${row.name}`),
    ),
  );
  const tally: Record<string, { planted: number; found: number }> = {};
  for (const [name, kind] of kindOf) {
    const row = (tally[kind] ??= { planted: 0, found: 0 });
    row.planted++;
    if (inCopies.has(`exact-${name}`) || (kind !== 'exact' && inCopies.has(name))) row.found++;
  }
  const wrong = found.copies.filter(({ rows }) => !rows.some((row) => kindOf.has(row.name ?? ''))).length;
  console.log(JSON.stringify({ bench: 'planted', arguments: given, seconds, found: tally, wrong }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

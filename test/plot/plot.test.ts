import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { XMLValidator } from 'fast-xml-parser';
import sharp from 'sharp';
import * as plot from '../../src/plot/index.js';
import { contrast, hexToRgb, onScale, BLUES, PALETTE } from '../../src/plot/colors.js';
import { resample } from '../../src/plot/picture.js';
import { encodePng } from '../../src/png.js';
import type { HeatmapTrace } from '../../src/plot/spec.js';
import { tickLabel, ticksBy, niceStep } from '../../src/plot/ticks.js';
import { classes, everyFigure, film, history, judged, maps } from './samples.js';

const display = Symbol.for('Jupyter.display');
const bundle = (f: plot.Figure): Record<string, string> =>
  (f as unknown as Record<symbol, () => Record<string, string>>)[display]();

describe('plot: a figure in a notebook', () => {
  const figures = everyFigure();
  beforeEach(() => plot.reset());
  after(() => plot.reset());

  it('brings HTML, an SVG and text, and plotly JSON for charts', () => {
    for (const [name, f] of Object.entries(figures)) {
      const b = bundle(f);
      assert.match(b['text/html'], /^<div class="cellgrad-figure"/, name);
      assert.match(b['image/svg+xml'], /^<svg /, name);
      assert.ok(b['text/plain'].startsWith(f.title) && !b['text/plain'].includes('\n'), name);
      assert.equal('application/vnd.plotly.v1+json' in b, !f.layout.images, name);
      assert.doesNotThrow(() => JSON.stringify(b), name);
    }
  });

  it('embeds the library in the first figure only, until reset', () => {
    const size = (f: plot.Figure): number => bundle(f)['text/html'].length;
    const [first, second] = [size(figures.roc), size(figures.roc)];
    assert.ok(first > 600_000, `first ${first}`);
    assert.ok(second < 20_000, `second ${second}`);
    plot.reset();
    assert.equal(size(figures.roc), first);
  });

  it('embeds it always or never where that is asked for', () => {
    plot.configure({ embed: 'always' });
    bundle(figures.roc);
    assert.ok(bundle(figures.roc)['text/html'].length > 600_000);
    plot.configure({ embed: 'never' });
    plot.reset();
    assert.ok(figures.roc.html({ embed: 'never' }).length < 20_000);
    assert.throws(() => plot.configure({ embed: 'sometimes' as never }), {
      name: 'PlotError',
      message: "embed is 'sometimes', but it must be 'first', 'always' or 'never'",
    });
  });

  it('shows a still picture without scripts, and asks for nothing from a network', () => {
    for (const [name, f] of Object.entries(figures)) {
      const html = f.html({ embed: 'never' });
      const src = /<img [^>]*src="([^"]+)"/.exec(html)![1];
      assert.ok(src.startsWith('data:image/svg+xml,'), name);
      assert.equal(decodeURIComponent(src.slice('data:image/svg+xml,'.length)), f.svg(), name);
      assert.doesNotMatch(html.replace('http://www.w3.org/2000/svg', ''), /(src|href)="(https?:)?\/\//, name);
    }
  });

  it('lets no title or caption become markup', () => {
    const evil = `</script><script>alert(1)</script>"'&`;
    const f = plot.gallery([{ ...film(1), caption: evil }], { title: evil });
    const html = f.html({ embed: 'never' });
    assert.equal(html.match(/<script/g)!.length, 1);
    assert.equal(XMLValidator.validate(f.svg()), true);
    assert.ok(!f.layout.title.text.includes('<script'));
  });
});

describe('plot: the still picture', () => {
  const figures = everyFigure();

  for (const [name, f] of Object.entries(figures))
    it(`${name} is well-formed XML without a missing number, and sharp draws it`, async () => {
      const svg = f.svg();
      assert.equal(XMLValidator.validate(svg), true);
      assert.doesNotMatch(svg.replace(/base64,[^"]+/g, ''), /NaN|undefined|Infinity/);
      const { data, info } = await sharp(Buffer.from(svg))
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [f.width, f.height]);
      const dark = data.filter((v) => v < 200).length / data.length;
      assert.ok(dark > 0.003, `${name}: almost blank (${dark})`);
    });

  it('keeps gaps where a value is no number', () => {
    const f = plot.curves({ epochs: [1, 2, 3], train: { loss: [1, NaN, 0.5] }, best: 3 });
    assert.deepEqual((f.data[0] as { y: unknown }).y, [1, null, 0.5]);
    assert.doesNotMatch(f.svg(), /NaN/);
  });

  it('has ticks at round numbers', () => {
    assert.equal(niceStep(1, 5), 0.2);
    assert.equal(niceStep(873, 6), 200);
    assert.deepEqual(ticksBy(0.5, 12.4, 2), [2, 4, 6, 8, 10, 12]);
    assert.deepEqual([tickLabel(0.25, 0.25), tickLabel(-3, 1), tickLabel(0.2, 0.2)], ['0.25', '−3', '0.2']);
  });
});

describe('plot: colours', () => {
  it('text in every cell of a confusion matrix reaches a contrast of 4.5', () => {
    const k = 21;
    const matrix = Array.from({ length: k }, (_, i) =>
      Array.from({ length: k }, (_, j) => (j === 0 ? i : j === 1 ? 20 - i : 0)),
    );
    const f = plot.confusion({ matrix, classes: matrix.map((_, i) => `c${i}`) });
    const z = (f.data[0] as HeatmapTrace).z.flat();
    f.layout.annotations!.forEach((a, i) => {
      const c = contrast(hexToRgb(a.font!.color!), onScale(BLUES, z[i]!));
      assert.ok(c >= 4.5, `share ${z[i]}: ${c.toFixed(2)}`);
    });
  });
  it('lines can be told from white', () => {
    for (const c of PALETTE) assert.ok(contrast(hexToRgb(c), [255, 255, 255]) >= 2.1, c);
  });
});

describe('plot: pictures', () => {
  it('a PNG holds the pixels it was given', async () => {
    const grey = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
    const back = await sharp(encodePng(grey, 4, 3))
      .raw()
      .toColourspace('b-w')
      .toBuffer();
    assert.deepEqual([...back], [...grey]);
    const rgb = Uint8Array.from({ length: 18 }, (_, i) => (i * 37) % 256);
    assert.deepEqual(
      [
        ...(await sharp(encodePng(rgb, 3, 2))
          .raw()
          .toBuffer()),
      ],
      [...rgb],
    );
    const palette = encodePng(Uint8Array.of(0, 1), 2, 1, {
      palette: [
        [1, 2, 3],
        [250, 0, 9],
      ],
    });
    assert.deepEqual([...(await sharp(palette).raw().toBuffer())], [1, 2, 3, 250, 0, 9]);
    assert.equal(inflateSync(palette.subarray(palette.indexOf('IDAT') + 4, -16)).length, 3);
  });
  it('resizing keeps the mean when shrinking and a constant always', () => {
    assert.ok(resample(new Float32Array(35).fill(3), 7, 5, 12, 9).every((v) => Math.abs(v - 3) < 1e-5));
    const half = resample([0, 0, 1, 1], 4, 1, 2, 1);
    assert.ok(Math.abs(half[0] + half[1] - 1) < 1e-6 && half[0] < 0.2);
  });
  it('the strongest channels come first, chosen ones as chosen', () => {
    const m = { data: Float32Array.of(1, 5, 3, 1, 5, 3), height: 1, width: 2, channels: 3 };
    assert.match(plot.activations(m, { channels: 2 }).summary, /: 1, 2$/);
    assert.match(plot.activations(m, { channels: [2, 0] }).summary, /: 2, 0$/);
  });
  it('films of 0…1, 0…255 and bytes look the same', () => {
    const f = film(4, 80);
    const top = (pixels: Float32Array | Uint8Array): string =>
      plot.gallery([{ ...f, pixels, outline: undefined }]).layout.images![0].source;
    const unit = f.pixels.map((v) => Math.min(1, Math.max(0, v)));
    assert.equal(top(unit), top(unit.map((v) => v * 255)));
  });
});

describe('plot: figures say what they were drawn from', () => {
  it('ROC with its AUC from metrics, a class without samples named', () => {
    const { truth, scores } = judged();
    assert.match(plot.roc(truth, scores, { classes }).summary, /^AUC normal 0\.\d{3}, consolidation 0/);
    const f = plot.roc(
      [0, 0, 1],
      [
        [1, 0, 0],
        [0.5, 0, 0],
        [0, 1, 0],
      ],
      { classes },
    );
    assert.match(f.data[2].name!, /one class only/);
  });
  it('live HTML is small, whatever the history, and well-formed', () => {
    const long = {
      epochs: Array.from({ length: 5000 }, (_, i) => i + 1),
      train: { loss: Array.from({ length: 5000 }, (_, i) => 1 / (i + 1)), '<f1>': [] },
      val: { loss: Array.from({ length: 5000 }, (_, i) => (i % 7 ? 2 / (i + 1) : NaN)) },
    };
    const html = plot.liveHtml({
      epoch: 5001,
      epochs: 6000,
      step: 3,
      steps: 40,
      imagesPerSecond: 131,
      secondsLeft: 4000,
      history: long,
    });
    assert.ok(html.length < 20_000, String(html.length));
    assert.equal(XMLValidator.validate(html), true);
    assert.match(html, /1 h 6 min left/);
    assert.doesNotMatch(html, /<script/);
    const start = plot.liveHtml({ epoch: 1, epochs: 3, step: 0, steps: 0 });
    assert.doesNotMatch(start, /NaN|undefined/);
    const end = plot.liveHtml({ epoch: 3, epochs: 3, step: 1, steps: 1, secondsLeft: 0, ended: 'finished' });
    assert.match(end, /epoch 3 of 3 &#183; finished/);
    assert.doesNotMatch(end, /step|left/);
  });
  it('figures are saved as HTML, SVG and PNG', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cellgrad-plot-'));
    try {
      const f = plot.curves(history);
      for (const end of ['html', 'svg', 'png']) await plot.save(f, join(folder, `f.${end}`));
      assert.match(await readFile(join(folder, 'f.html'), 'utf8'), /DecompressionStream/);
      const { width } = await sharp(join(folder, 'f.png')).metadata();
      assert.equal(width, f.width * 2);
      await assert.rejects(plot.save(f, 'f.pdf'), { name: 'PlotError', code: 'file' });
      await assert.rejects(plot.save(f, join(folder, 'f.svg', 'g.svg')), /can't be written: a part/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('plot: wrong input', () => {
  const cases: Array<[string, () => unknown, RegExp]> = [
    ['no epoch', () => plot.curves({ epochs: [], train: {} }), /no epoch yet; train at least one/],
    ['short list', () => plot.curves({ epochs: [1, 2], train: { loss: [1] } }), /train\.loss has 1 values for 2 epochs/],
    ['no class', () => plot.confusion({ matrix: [], classes: [] }), /no classes to show/],
    ['not square', () => plot.confusion({ matrix: [[1, 2]], classes: ['a', 'b'] }), /matrix is 1×2 but there are 2/],
    ['negative', () => plot.confusion({ matrix: [[-1]], classes: ['a'] }), /a cell holds -1/],
    ['no samples', () => plot.roc([], []), /no samples/],
    ['lengths', () => plot.roc([0], []), /1 true labels but 0 rows/],
    ['label', () => plot.roc([2], [[0, 1]]), /class 2, outside 0…1/],
    ['score', () => plot.roc([0], [[NaN, 1]]), /sample 0 has the score NaN for class 0/],
    ['no film', () => plot.gallery([]), /no films/],
    ['pixels', () => plot.gallery([{ pixels: new Uint8Array(3), width: 2, height: 2 }]), /film 0: pixels has 3 values, but 2×2 needs 4/],
    ['columns', () => plot.gallery([film(1)], { columns: 0 }), /columns is 0/],
    ['map', () => plot.cam([{ ...film(1), cam: new Float32Array(3), camWidth: 2, camHeight: 2 }]), /the map has 3 values, but 2×2 needs 4/],
    ['channel', () => plot.activations(maps(), { channels: [40] }), /channel 40 is outside 0…39/],
    ['batch', () => plot.activations({ ...maps(), height: 3 }), /give the maps of one film/],
    ['no counts', () => plot.bars({}), /no counts/],
    ['stranger', () => plot.bars({ train: { a: 1 } }, { classes: ['b'] }), /counts 'a', which is not among/],
  ]; // prettier-ignore
  for (const [name, draw, message] of cases)
    it(name, () => {
      assert.throws(
        draw,
        (e: Error) => e.name === 'PlotError' && message.test(e.message) && !e.message.includes('\n'),
      );
    });
});

// Notebooks as files: what is read, what is refused in a sentence, what is written.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  formatNotebook,
  injectParameters,
  parseNotebook,
  readNotebook,
  RunError,
} from '../../src/runner/index.js';
import { code, markdown, sample, tagged } from './samples.js';

const parse = (text: string) => parseNotebook(text, 'n.ipynb');
const round = (text: string) => JSON.parse(formatNotebook(parse(text))) as Record<string, never>;

describe('a notebook file', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-test-'))));
  after(() => rmSync(folder, { recursive: true }));

  const write = (text: string): string => {
    const file = join(folder, 'n.ipynb');
    writeFileSync(file, text);
    return file;
  };

  const python = { kernelspec: { name: 'python3', language: 'python', display_name: 'Python 3' } };
  const refused: [string, () => string, RegExp][] = [
    ['doesn’t exist', () => join(folder, 'none.ipynb'), /^There is no notebook .*none\.ipynb\.$/],
    ['is a folder', () => folder, /is a folder; name a notebook in it\.$/],
    ['is empty', () => write(''), /is empty, so it is no notebook\.$/],
    ['isn’t JSON', () => write('hello'), /is no notebook: it isn't JSON/],
    ['is other JSON', () => write('[1]'), /is JSON but no notebook: it has no "nbformat"\.$/],
    [
      'is nbformat 3',
      () => write('{"nbformat":3,"worksheets":[]}'),
      /format 3; only format 4 can be read\. Open it/,
    ],
    ['has no cells', () => write('{"nbformat":4}'), /it has no list of "cells"\.$/],
    ['has a cell of no type', () => write('{"nbformat":4,"cells":[{}]}'), /cell 1 has the type undefined\.$/],
    [
      'is Python’s',
      () => write(sample([], python)),
      /for the kernel "Python 3", and cellgrad runs TypeScript/,
    ],
    [
      'names another kernel',
      () => write(sample([], { kernelspec: { name: 'ir' } })),
      /for the kernel "ir", and/,
    ],
  ];
  for (const [what, file, message] of refused)
    it(`that ${what} is refused in a sentence`, () => {
      assert.throws(
        () => readNotebook(file()),
        (error) => error instanceof RunError && message.test(error.message) && !error.message.includes('\n'),
      );
    });

  for (const metadata of [
    { kernelspec: { name: 'tslab' } },
    { kernelspec: { name: 'jslab', language: 'javascript' } },
    { kernelspec: { name: 'whatever', language: 'typescript' } },
    { language_info: { name: 'typescript' } },
    {},
  ])
    it(`for ${JSON.stringify(metadata)} is taken`, () => {
      assert.equal(readNotebook(write(sample(['1'], metadata))).cells.length, 1);
    });

  it('keeps ids, metadata, attachments and whatever else it holds', () => {
    const text = sample(
      [code('1', { metadata: { mine: 1 } }), markdown('a', { attachments: { 'x.png': {} } })],
      {
        kernelspec: { name: 'cellgrad', language: 'typescript' },
        mine: { deep: [1] },
      },
    );
    const { cells, metadata } = round(text) as unknown as {
      cells: Record<string, unknown>[];
      metadata: object;
    };
    const given = JSON.parse(text) as { metadata: object };
    assert.deepEqual(metadata, given.metadata);
    assert.deepEqual([cells[0].id, cells[0].metadata], ['cell-0', { mine: 1 }]);
    assert.deepEqual(cells[1].attachments, { 'x.png': {} });
  });

  it('joins lists of lines and writes them as lists again', () => {
    const text = JSON.stringify({
      nbformat: 4,
      nbformat_minor: 2,
      metadata: {},
      cells: [code('', { source: ['a\n', 'b'] }), code('c', { id: 'x' }), code('d', { id: 'x' })],
    });
    const notebook = parse(text);
    assert.equal(notebook.cells[0].source, 'a\nb');
    const { cells, nbformat_minor } = round(text) as unknown as {
      cells: { source: string[]; id: string }[];
      nbformat_minor: number;
    };
    assert.deepEqual(cells[0].source, ['a\n', 'b']);
    assert.equal(nbformat_minor, 5);
    assert.equal(new Set(cells.map(({ id }) => id)).size, 3, 'each cell has an id of its own');
    assert.equal(cells[1].id, 'x');
  });
});

describe('parameters', () => {
  const declaring = tagged(
    [
      'const epochs: number = 3, rate = -0.5;',
      'let model = "resnet18";',
      'const deep = true;',
      'const sizes = [1, 2];',
      'const names: string[] = await load();',
      'const classes: string[] | null = null;',
    ].join('\n'),
    'parameters',
  );
  const notebook = parse(sample([markdown('# Title'), declaring, 'epochs']));
  const injected = (given: Record<string, string>): string =>
    injectParameters(notebook, given).cells.find((cell) =>
      cell.metadata.tags?.includes('injected-parameters'),
    )!.source;

  it('are set in a cell after the one that declares them, of their kind', () => {
    const after = injectParameters(notebook, { epochs: '5', rate: '1e-3', model: '18', deep: 'false' });
    assert.deepEqual(
      after.cells.map((cell) => cell.metadata.tags ?? []),
      [[], ['parameters'], ['injected-parameters'], []],
    );
    assert.equal(
      after.cells[2].source,
      '// Parameters\nconst epochs = 5;\nconst rate = 0.001;\nlet model = "18";\nconst deep = false;',
    );
    assert.equal(notebook.cells.length, 3, 'the notebook that was given stays as it is');
  });

  it('are JSON where they are JSON, else text', () => {
    assert.match(injected({ classes: '["a","b"]' }), /classes = \["a","b"\];/);
    assert.match(injected({ classes: 'none' }), /classes = "none";/);
    assert.match(injected({ model: '"quoted"' }), /model = "quoted";/);
    assert.match(injected({ sizes: '[3]', names: '["x"]' }), /sizes = \[3\];\nconst names = \["x"\];/);
  });

  it('replace those of an earlier run', () => {
    const twice = injectParameters(injectParameters(notebook, { epochs: '5' }), { epochs: '6' });
    assert.equal(twice.cells.length, 4);
    assert.match(twice.cells[2].source, /epochs = 6/);
  });

  const refused: [Record<string, string>, RegExp][] = [
    [
      { epoch: '3' },
      /no parameter "epoch"\. Did you mean "epochs"\? It has epochs, rate, model, deep, sizes/,
    ],
    [{ epochs: 'many' }, /"epochs" is a number, and "many" was given\./],
    [{ rate: '[1]' }, /"rate" is a number, and "\[1\]" was given\./],
    [{ deep: '1' }, /"deep" is true or false, and "1" was given\./],
    [{ sizes: '3' }, /"sizes" is a list, written as JSON \(such as \["a","b"\]\), and "3" was given\./],
    [{ names: 'a,b' }, /"names" is a list/],
  ];
  for (const [given, message] of refused)
    it(`${JSON.stringify(given)} is refused in a sentence`, () => {
      assert.throws(
        () => injectParameters(notebook, given),
        (error) => error instanceof RunError && message.test(error.message),
      );
    });

  it('are refused by a notebook that takes none', () => {
    assert.throws(
      () => injectParameters(parse(sample(['1'])), { epochs: '3' }),
      /takes no parameters: none of its cells is tagged "parameters", so epochs can't be set/,
    );
  });
});

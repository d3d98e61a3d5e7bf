// Frames, series and records as tables: what is shown of them, as HTML and as text.

import assert from 'node:assert/strict';
import { XMLParser } from 'fast-xml-parser';
import { danfo } from '../../src/data/index.js';
import { frameBundle, tableBundle } from '../../src/table/index.js';

/** The text of each row's cells, and their classes. */
function cells(html: string): { text: string; kind: string }[][] {
  const table = /<table[^]*<\/table>/.exec(html)![0].replaceAll('&lt;', '‹').replaceAll('&quot;', '”');
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    parseTagValue: false,
    trimValues: false,
  });
  type Node = Record<string, Node[]> & { ':@'?: Record<string, string>; '#text'?: string };
  const rows: { text: string; kind: string }[][] = [];
  const walk = (nodes: Node[]): void =>
    nodes.forEach((node) => {
      for (const [tag, children] of Object.entries(node)) {
        if (tag === 'tr') rows.push([]);
        if (tag === 'td' || tag === 'th')
          rows.at(-1)!.push({
            text: (children as unknown as { '#text'?: string }[]).map((c) => c['#text'] ?? '<?>').join(''),
            kind: node[':@']?.['@_class'] ?? '',
          });
        else if (Array.isArray(children)) walk(children);
      }
    });
  walk(parser.parse(table) as Node[]);
  return rows;
}
const texts = (html: string): string[][] => cells(html).map((row) => row.map(({ text }) => text));

describe('a table', () => {
  it('of a danfojs frame: index, numbers at the right, missing values, nothing unescaped', async () => {
    const { DataFrame } = await danfo();
    const frame = new DataFrame(
      [
        [1, '<img src=x onerror=alert(1)>', true],
        [2.5, null, false],
        [NaN, '"quoted"', true],
      ],
      { columns: ['size', 'na<me', 'ill'], index: ['p1', 'p2', 'p3'] },
    );
    const { 'text/html': html, 'text/plain': text } = frameBundle(frame)!;
    assert.deepEqual(texts(html), [
      ['', 'size', 'na‹me', 'ill'],
      ['p1', '1.0', '‹img src=x onerror=alert(1)>', 'true'],
      ['p2', '2.5', 'null', 'false'],
      ['p3', 'NaN', '”quoted”', 'true'],
    ]);
    assert.deepEqual(
      cells(html).map((row) => row.map(({ kind }) => kind)),
      [
        ['', 'n', '', ''],
        ['', 'n', '', ''],
        ['', 'n', 'missing', ''],
        ['', 'n missing', '', ''],
      ],
    );
    assert.match(html, /3 rows × 3 columns/);
    assert.equal(
      text,
      [
        '    size  na<me                         ill',
        'p1   1.0  <img src=x onerror=alert(1)>  true',
        'p2   2.5  null                          false',
        'p3   NaN  "quoted"                      true',
        '[3 rows × 3 columns]',
      ].join('\n'),
    );
  });

  it('with whole numbers in groups, where that is asked for', () => {
    const { 'text/html': html } = tableBundle([{ n: 1234567, share: 1234.5 }], { grouped: true });
    assert.deepEqual(texts(html)[1], ['0', '1,234,567', '1234.5']);
  });

  it('of a series', async () => {
    const { Series } = await danfo();
    const { 'text/html': html, 'text/plain': text } = frameBundle(
      new Series([3, 1, 2], { columns: ['age'] }),
    )!;
    assert.deepEqual(texts(html), [
      ['', 'age'],
      ['0', '3'],
      ['1', '1'],
      ['2', '2'],
    ]);
    assert.equal(text.split('\n').at(-1), '[3 values, int32]');
  });

  it('that is long and wide: its ends, and how large it is', async () => {
    const { DataFrame } = await danfo();
    const frame = new DataFrame(
      Array.from({ length: 1000 }, (_, r) => Array.from({ length: 30 }, (_, c) => r * 100 + c)),
    );
    const { 'text/html': html, 'text/plain': text } = frameBundle(frame)!;
    const rows = texts(html);
    assert.equal(rows.length, 1 + 50 + 1 + 50);
    assert.deepEqual(rows[0], [
      '',
      ...Array.from({ length: 10 }, (_, c) => `${c}`),
      '…',
      ...Array.from({ length: 10 }, (_, c) => `${c + 20}`),
    ]);
    assert.deepEqual(
      [rows[50][0], rows[51][0], rows[52][0], rows.at(-1)!.at(-1)],
      ['49', '…', '950', '99929'],
    );
    assert.ok(rows[51].every((each) => each === '…'));
    for (const each of [html, text])
      assert.match(each, /1000 rows × 30 columns \(showing 100 rows and 20 columns, first and last\)/);
    assert.ok(html.length < 100_000, `${html.length} bytes`);
  });

  it('of an empty frame, of values that throw: no error', async () => {
    const { DataFrame } = await danfo();
    assert.match(frameBundle(new DataFrame([], { columns: ['a'] }))!['text/plain'], /0 rows × 1 column\b/);
    const odd = { columns: ['a'], shape: [1, 1], values: [[Object.create(null)]] };
    assert.match(frameBundle(odd)!['text/plain'], /\[Object: null prototype\] {}/);
    assert.equal(
      frameBundle(
        new Proxy(
          {},
          {
            get() {
              throw new Error('no');
            },
          },
        ),
      ),
      undefined,
    );
  });

  it('of records, lists and columns; of nothing else', () => {
    const lines = (value: unknown, options = {}): string[] =>
      tableBundle(value, options)['text/plain'].split('\n');
    assert.deepEqual(
      lines([
        { a: 1, b: 'x' },
        { b: 'y', c: null },
      ]),
      ['           a  b  c', '0          1  x  undefined', '1  undefined  y  null', '[2 rows × 3 columns]'],
    );
    assert.deepEqual(
      lines([
        [1, 2],
        [3, 4],
      ]).slice(0, 3),
      ['   0  1', '0  1  2', '1  3  4'],
    );
    assert.deepEqual(lines({ p: new Float32Array([0.5, 1]), q: ['x', 'y'] }).slice(0, 3), [
      '     p  q',
      '0  0.5  x',
      '1  1.0  y',
    ]);
    assert.deepEqual(lines(['x', 'y']).slice(0, 2), ['   value', '0  x']);
    assert.deepEqual(lines([{ i: 1 }, { i: 2 }, { i: 3 }, { i: 4 }], { rows: 2 }), [
      '   i',
      '0  1',
      '…  …',
      '3  4',
      '[4 rows × 1 column (showing 2 rows, first and last)]',
    ]);
    for (const none of [7, 'text', null, {}, { a: 1 }]) assert.throws(() => tableBundle(none), TypeError);
  });

  it('as text is aligned where letters are two places wide or none', () => {
    const { 'text/plain': text } = tableBundle([
      { city: '東京', n: 1 },
      { city: 'Ne\u0301', n: 20 },
    ]);
    assert.deepEqual(text.split('\n').slice(0, 3), ['   city   n', '0  東京   1', '1  Ne\u0301    20']);
  });

  it('writes numbers with six figures, and a column with as many decimals as one needs', () => {
    const column = (values: unknown[]): string[] => {
      const lines = tableBundle({ v: values })['text/plain'].split('\n');
      return lines.slice(1, -1).map((line) => line.slice(2).trim());
    };
    assert.deepEqual(column([1 / 3, 2, -10.5]), ['0.333333', '2.000000', '-10.500000']);
    assert.deepEqual(column([1e-9, 3, 2 ** 53]), ['1e-9', '3', '9007199254740992']);
    assert.deepEqual(column([0.0001234567, 1, Infinity]), ['0.000123457', '1.000000', 'Infinity']);
    assert.deepEqual(column([10n ** 20n, 1n]), ['100000000000000000000', '1']);
  });
});

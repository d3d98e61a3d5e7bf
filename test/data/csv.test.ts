import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCsv } from '../../src/data/csv.js';
import { says } from './folder.js';

describe('a CSV file', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad csv ж-'))));
  after(() => rmSync(folder, { recursive: true }));
  const read = (content: string | Buffer): Record<string, string>[] => {
    const file = join(folder, 'Список файлов.csv');
    writeFileSync(file, content);
    return readCsv(file).map(({ values }) => values);
  };
  const one = { file: 'a.png', label: 'covid' };

  for (const [name, delimiter] of Object.entries({ comma: ',', semicolon: ';', tab: '\t', bar: '|' }))
    it(`may have a ${name} between its columns`, () =>
      assert.deepEqual(read(`file${delimiter}label\na.png${delimiter}covid\n`), [one]));

  it('may quote: delimiters, quotes, line ends and headers', () => {
    assert.deepEqual(read('"file; or path",label\r\n"a, ""b"".png","co\nvid"\r\n'), [
      { 'file; or path': 'a, "b".png', label: 'co\nvid' },
    ]);
  });

  it('may begin with a byte order mark, in UTF-8 and UTF-16', () => {
    const text = 'file,label\na.png,covid\n';
    assert.deepEqual(read(`\ufeff${text}`), [one]);
    assert.deepEqual(read(Buffer.from(`\ufeff${text}`, 'utf16le')), [one]);
    assert.deepEqual(read(Buffer.from(`\ufeff${text}`, 'utf16le').swap16()), [one]);
  });

  it('may name its delimiter in a first line, as Excel writes it', () => {
    const file = join(folder, 'excel.csv');
    writeFileSync(file, 'sep=;\r\nfile;label\r\na.png;covid\r\n');
    assert.deepEqual(readCsv(file), [{ line: 3, values: one }]);
  });

  it('with two columns of one name keeps both, the first under its name', () => {
    assert.deepEqual(read('file,label,label,label\na.png,covid,normal,viral\n'), [
      { ...one, 'label.1': 'normal', 'label.2': 'viral' },
    ]);
  });

  it('in Windows-1252 is read as such, where it is no UTF-8', () => {
    assert.deepEqual(read(Buffer.from('file,ort\na.png,M\xfcnchen\n', 'latin1')), [
      { file: 'a.png', ort: 'München' },
    ]);
    assert.deepEqual(read('file,ort\nж.png,Москва\n'), [{ file: 'ж.png', ort: 'Москва' }]);
  });

  it('of 100,000 rows is read in some seconds at most, with the line of each', () => {
    const file = join(folder, 'long.csv');
    const rows = Array.from({ length: 100_000 }, (_, i) => `images/${i}.png,covid,p${i >> 2},"a, b"`);
    writeFileSync(file, `file,label,patient,notes\n${rows.join('\n')}\n`);
    const start = Date.now();
    const records = readCsv(file);
    assert.equal(records.length, 100_000);
    assert.deepEqual([records[99_999].line, records[99_999].values.file], [100_001, 'images/99999.png']);
    assert.ok(Date.now() - start < 20_000);
  });

  it('with a quote that is never closed is refused', () => {
    assert.throws(() => read('file,label\n"a.png,covid\n'), says('manifest', /can't be read as CSV/));
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as data from '../../../src/data/index.js';
import { says } from '../folder.js';

const folder = fileURLToPath(new URL('../../../../data-manifests/', import.meta.url));

/** The sets that the studies use. */
const wanted = [
  'covid-ctset',
  'sarscov2-ctscan',
  'covidx-ct',
  'covid-ct',
  'cc-ccii',
  'mosmeddata',
  'cov19-ct-db',
  'covidx-cxr',
  'covid-chestxray',
  'actualmed',
  'figure1',
  'covid19-radiography',
  'rsna-pneumonia',
  'nih-chestxray14',
  'chexpert',
  'padchest',
  'kermany',
  'hannover',
  'lidc-idri',
  'xray-four-class',
  'xray-three-label',
];

describe('the described sets', () => {
  it('are all there, each by its file’s name, and fit the schema', () => {
    assert.deepEqual(
      data.list().map((each) => each.name),
      [...wanted].sort(),
    );
    for (const name of wanted) assert.equal(data.info(name).name, name);
  });

  for (const name of wanted)
    it(`${name} says what a person needs to know, and that nobody tried its addresses`, () => {
      const set = data.info(name);
      for (const field of ['title', 'licence', 'modality', 'classes', 'splits', 'faults', 'checked'] as const)
        assert.ok(set[field]?.length, field);
      for (const label of Object.values(set.layout?.labels ?? {}))
        assert.ok(set.classes!.includes(label), label);
      for (const label of Object.keys(set.counts?.classes ?? {}))
        assert.ok(set.classes!.includes(label), label);
      if (set.parts) {
        for (const part of set.parts) {
          const own = data.info(part.set).classes!;
          for (const [from, to] of Object.entries(part.labels))
            assert.ok(own.includes(from) && set.classes!.includes(to), `${from} → ${to}`);
        }
        return;
      }
      for (const field of ['citation', 'homepage', 'allows', 'layout'] as const) assert.ok(set[field], field);
      assert.ok(set.download!.untried);
      for (const file of set.download!.files ?? []) assert.ok(file.untried, file.url);
      assert.ok(set.download!.files ?? set.download!.steps, 'how to get it');
      const paths = (set.download!.files ?? []).map((file) => file.path ?? file.url.split('/').pop());
      assert.equal(new Set(paths).size, paths.length, 'two downloads of one name');
    });

  it('show themselves in a notebook: all as a table, one as a card with links', () => {
    const shown = (value: object): Record<string, string> =>
      (value as { [key: symbol]: () => Record<string, string> })[Symbol.for('Jupyter.display')]();
    const all = shown(data.list());
    assert.match(all['text/html'], /<table>.*<th[^>]*>kermany<\/th>.*<\/table>/);
    assert.equal(all['text/plain'].split('\n').length, wanted.length + 2);
    const one = shown(data.info('covid-ct'));
    assert.match(one['text/html'], /<a href="https:\/\/doi\.org\/10\.48550\/arXiv\.2003\.13865">/);
    assert.ok(!JSON.stringify(data.info('covid-ct')).includes('Jupyter'));
  });

  it('by another name are refused, with the nearest', () => {
    assert.throws(() => data.info('COVID-CTset-2'), says('name', /covid-ctset/, /data list/));
    assert.throws(() => data.info('mosmed'), says('name', /Is mosmeddata meant\?/));
    assert.throws(() => data.info('zzz'), says('name', /meant/));
    assert.equal(data.info('COVID_CTset').name, 'covid-ctset');
  });

  it('have a schema of JSON Schema draft 2020-12 that refuses what it does not know', async () => {
    const schema = JSON.parse(readFileSync(join(folder, 'schema.json'), 'utf8')) as { $schema: string };
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
    const good = { name: 'x', title: 'X', licence: 'CC0' };
    for (const [bad, part] of [
      [{ ...good, layout: { sources: [{}] } }, /sources\/0/],
      [{ ...good, download: { files: [{ url: 'ftp://x' }] } }, /files\/0\/url/],
      [{ ...good, download: { files: [{ url: 'https://x/y', path: '../y' }] } }, /files\/0\/path/],
      [{ ...good, download: { files: [{ url: 'https://x/y', sha256: 'abc' }] } }, /sha256/],
      [{ ...good, doi: 'doi:10.1/x' }, /doi/],
    ] as const)
      await assert.rejects(data.open(bad as unknown as data.ManifestDescription), says('manifest', part));
  });
});

import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { phantom } from '../../src/data/index.js';
import { cellgrad, start } from './cli.js';

const side = 96;

/** Phantoms as `films/CLASS/NAME.png`, with planted faults and a manifest that tells patients, splits and hospitals. */
async function plant(folder: string): Promise<void> {
  const set = phantom({
    patients: 30,
    classes: ['normal', 'consolidation'],
    filmsPerPatient: [1, 1],
    size: side,
    confounders: { hospital: 1 },
  });
  const lines = ['file,label,patient,split,source'];
  const raw = { width: side, height: side, channels: 1 } as const;
  const add = (name: string, label: string, patient: string, split: string, source: string): string => {
    lines.push([`${label}/${name}`, label, patient, split, source].join());
    mkdirSync(join(folder, 'films', label), { recursive: true });
    return join(folder, 'films', label, name);
  };
  for (const row of set.rows) {
    const file = add(`${row.patient}.png`, row.label, row.patient, row.split, row.source);
    await sharp(await set.pixels(row, { size: side }), { raw }).toFile(file);
  }
  const trained = set.rows.find(({ split, label }) => split === 'train' && label === 'normal')!;
  const original = join(folder, 'films/normal', `${trained.patient}.png`);
  copyFileSync(original, add('copy.png', 'consolidation', 'someone', 'test', trained.source));
  copyFileSync(
    original,
    add('moved.png', 'normal', trained.patient, trained.split === 'test' ? 'val' : 'test', trained.source),
  );
  await sharp(Buffer.alloc(side * side), { raw }).toFile(add('black.png', 'normal', 'p-black', 'train', ''));
  writeFileSync(
    add('cut.png', 'normal', 'p-cut', 'train', ''),
    readFileSync(original).subarray(0, 200), // a download that broke off
  );
  writeFileSync(join(folder, 'films/manifest.csv'), `${lines.join('\n')}\n`);
  const bare = lines.map((line) => line.split(',').slice(0, 2).join());
  writeFileSync(join(folder, 'films/bare.csv'), `${bare.join('\n')}\n`);
}

interface Report {
  images: number;
  patients?: number;
  unchecked: string[];
  findings: { kind: string; name?: string; sentence: string }[];
  duplicates: { kind: string; acrossSplits: boolean; contradicting: boolean; rows: { file: string }[] }[];
  leaks: { patient: string }[];
  odd: { kind: string; file: string }[];
  shortcuts: { name: string; accuracy: number }[];
}

describe('cellgrad data audit', function () {
  this.timeout(120_000);
  let folder: string;
  const manifest = (name = 'manifest.csv'): string => join(folder, 'films', name);
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-audit-'));
    await plant(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('--json prints nothing but JSON, and says on stderr how far it is', async () => {
    const { code, stdout, stderr } = await cellgrad(['data', 'audit', manifest(), '--json']);
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout) as Report;
    assert.equal(report.images, 34);
    assert.equal(report.patients, 33);
    const [copies] = report.duplicates;
    assert.deepEqual([copies.kind, copies.acrossSplits, copies.contradicting], ['bytes', true, true]);
    assert.equal(copies.rows.length, 3);
    assert.equal(report.leaks.length, 1);
    const odd = Object.fromEntries(report.odd.map(({ kind, file }) => [kind, basename(file)]));
    assert.deepEqual([odd.blank, odd.broken], ['black.png', 'cut.png']);
    assert.equal(report.shortcuts[0].name, 'source');
    assert.equal(report.findings[0].name, 'source');
    assert.deepEqual(report.unchecked, [
      "No column view, sex, age: whether the class goes with them can't be told.",
    ]);
    assert.match(stderr, /^Audit: reading pictures: 34 of 34/);
    assert.match(stderr, /\nAudit: guessing the class: /);
  });

  it('without patients, splits and sources finds what can be found, and says what it could not look for', async () => {
    const { code, stdout, stderr } = await cellgrad(['data', 'audit', manifest('bare.csv')]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Audit of films.bare\.csv: 34 images; classes consolidation, normal\n/);
    assert.match(stdout, /1 film has two labels, such as .*normal and consolidation/);
    assert.match(stdout, /can't be read: normal\/cut\.png/);
    assert.match(stdout, /all black: normal\/black\.png/);
    assert.doesNotMatch(stdout, /two patients' names|in more than one split/);
    const [, unchecked] = stdout.split('\nWhat could not be checked:\n');
    assert.match(unchecked, /^Patients are not known \(no column patient\).*cross-validation by film/);
    assert.match(unchecked, /\nThere is no split \(no column split\)/);
    assert.match(unchecked, /\nNo column source, view, sex, age: /);
  });

  it('takes a folder with one for each class', async () => {
    const { code, stdout } = await cellgrad(['data', 'audit', dirname(manifest()), '--json']);
    const report = JSON.parse(stdout) as Report;
    assert.equal(code, 0);
    assert.deepEqual([report.images, report.patients], [34, undefined]);
    assert.ok(report.duplicates.some(({ kind, rows }) => kind === 'bytes' && rows.length === 3));
    assert.match(report.unchecked[0], /^Patients are not known/);
  });

  it('--html writes one page that needs nothing beside it', async () => {
    const page = join(folder, 'report/audit.html');
    const { code, stdout } = await cellgrad(['data', 'audit', manifest(), '--html', page]);
    assert.equal(code, 0);
    assert.match(stdout, /^Audit of /);
    const html = readFileSync(page, 'utf8');
    assert.match(html, /^<!doctype html>/);
    assert.match(html, /<h3>What could not be checked<\/h3>/);
    const sources = [...html.matchAll(/ src="([^"]*)"/g)].map(([, source]) => source);
    assert.ok(sources.length >= 3);
    for (const source of sources) assert.match(source, /^data:image\/jpeg;base64,/);
    assert.doesNotMatch(html, /<script|<link|@import|url\(|https?:/);
    assert.deepEqual(readdirSync(dirname(page)), ['audit.html']);
  });

  it('ends with 1 and a sentence where there is nothing to audit, with 2 where the command line is wrong', async () => {
    const refused = async (args: string[], wanted: number, sentence: RegExp): Promise<void> => {
      const { code, stdout, stderr } = await cellgrad(['data', 'audit', ...args]);
      assert.deepEqual([code, stdout], [wanted, ''], stderr);
      assert.match(stderr, sentence);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    };
    await refused([join(folder, 'no.csv')], 1, /^There is no manifest .*no\.csv/);
    await refused(['kermny'], 1, /^No data set is called 'kermny'\. Is kermany meant\?/);
    await refused([manifest(), '--label', 'diagnosis'], 1, /has no column 'diagnosis'/);
    writeFileSync(join(folder, 'films/finding.csv'), 'file,finding\nnormal/copy.png,normal\n');
    await refused([manifest('finding.csv')], 1, /no column 'label'.*Here: --label COLUMN\.\n$/);
    await refused([manifest(), '--html', folder], 1, /is a folder/);
    await refused([dirname(manifest()), '--label', 'x'], 2, /--root and --label are for manifests/);
    await refused([manifest(), '--fast'], 2, /[Uu]nknown option '--fast'/);
    await refused([], 2, /[Mm]issing required argument 'manifest'/);
  });

  it('Ctrl-C ends it with 130, without a report and without an old one lost', async () => {
    const page = join(folder, 'old.html');
    writeFileSync(page, 'an older report');
    const { child, ended, says } = start(['data', 'audit', manifest(), '--json', '--html', page]);
    await says('Audit: reading pictures');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    assert.deepEqual([code, stdout], [130, ''], stderr);
    assert.match(stderr, /Interrupted\.\n$/);
    assert.equal(readFileSync(page, 'utf8'), 'an older report');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('old')),
      ['old.html'],
    );
  });
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileServer, type FileServer } from '../support/file-server.js';
import { zip } from '../support/zip.js';
import { cellgrad, inFolder, start, type Ended } from './cli.js';

describe('cellgrad data', function () {
  this.timeout(120_000);

  it('list shows a line a set, or JSON', async () => {
    const { code, stdout } = await cellgrad(['data', 'list']);
    assert.equal(code, 0);
    assert.match(stdout, /^name +modality +images +access +title\n/);
    assert.match(stdout, /\nkermany +X-ray +5856 +open +Chest X-ray images of children \(Kermany\)\n/);
    assert.match(stdout, /\npadchest +X-ray +by hand +PadChest\n/);
    const json = JSON.parse((await cellgrad(['data', 'list', '--json'])).stdout) as { name: string }[];
    assert.equal(json.length, 21);
  });

  it('info says what a set holds, its licence, its faults, and how to get it', async () => {
    const { stdout } = await cellgrad(['data', 'info', 'kermany']);
    for (const part of [
      /^Chest X-ray images of children \(Kermany\) \(kermany\)\n/,
      /\nHolds +X-ray, 5856 images\n/,
      /\nClasses +normal \(1583\), bacterial pneumonia \(2780\)/,
      /\nLicence +CC BY 4\.0\. Any use and change with attribution\.\n/,
      /\nDOI +https:\/\/doi\.org\/10\.17632\/rscbjbr9sj\.2\n/,
      /\nTo get it +cellgrad data get kermany \(1 file\)\n +Nobody has tried these addresses/,
      /\nFaults +All patients are children/,
      /\nChecked +/,
    ])
      assert.match(stdout, part);
    const json = JSON.parse((await cellgrad(['data', 'info', 'padchest', '--json'])).stdout) as {
      doi: string;
    };
    assert.equal(json.doi, '10.1016/j.media.2020.101797');
  });

  it('an unknown name is answered with the nearest, and help says how sets are kept', async () => {
    const unknown = await cellgrad(['data', 'info', 'kermny']);
    assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
    assert.match(unknown.stderr, /^No data set is called 'kermny'\. Is kermany meant\?/);
    const help = await cellgrad(['data', '--help']);
    assert.match(help.stdout, /^Usage: cellgrad data /);
    for (const part of [
      'list',
      'info',
      'get',
      'verify',
      'CELLGRAD_DATA',
      'CELLGRAD_MIRROR',
      'CELLGRAD_OFFLINE',
    ])
      assert.ok(help.stdout.includes(part), part);
    assert.match((await cellgrad(['data', 'get', '--help'])).stdout, /^Usage: cellgrad data get /);
    assert.equal((await cellgrad(['data', 'get'])).code, 2);
    assert.match((await cellgrad(['data', 'get', 'x', '--parallel', '0'])).stderr, /whole number from 1 on/);
  });

  describe('get and verify', () => {
    let server: FileServer;
    const table = 'patient_id,image_id,projection\np1,a,ap\np2,b,pa\n';
    const file = 'hannover/covid-19-image-repository.zip';
    const content = zip({
      'repo-master/data.csv': Buffer.from(table),
      'repo-master/png/a.png': Buffer.alloc(100_000, 'a'),
      'repo-master/png/b.png': Buffer.from('b'),
      'repo-master/README.md': Buffer.from('left out'),
    });
    beforeEach(async () => (server = await fileServer({ [file]: { content, etag: '"1"' } })));
    afterEach(() => server.close());
    const env = (folder: string): NodeJS.ProcessEnv => ({
      CELLGRAD_DATA: folder,
      CELLGRAD_MIRROR: server.url,
    });
    const run = (folder: string, ...args: string[]): Promise<Ended> =>
      cellgrad(['data', ...args], { env: env(folder) });

    it('the licence is shown, accepted, and then what is needed is said and fetched', () =>
      inFolder(async (folder) => {
        const asked = await run(folder, 'get', 'hannover');
        assert.equal(asked.code, 1);
        assert.match(asked.stderr, /licence CC BY 3\.0.*cellgrad data get hannover --accept/);
        assert.equal(server.requests.length, 0);

        const got = await run(folder, 'get', 'hannover', '--accept');
        assert.equal(got.code, 0, got.stderr);
        assert.match(got.stderr, /1 file to fetch, 101 kB; .* are free in/);
        assert.match(got.stderr, /Nobody has tried this address/);
        assert.equal(got.stdout, `hannover: 3 files in ${join(folder, 'hannover')}\n`);
        assert.equal(readFileSync(join(folder, 'hannover/data.csv'), 'utf8'), table);
        assert.ok(!existsSync(join(folder, 'hannover/README.md')));
        assert.match((await run(folder, 'list')).stdout, /\nhannover +X-ray +here /);

        const whole = await run(folder, 'verify', 'hannover');
        assert.deepEqual(
          [whole.code, /\n2 images: 2 covid\.\n0 files altered\.\nWhole\.\n$/.test(whole.stdout)],
          [0, true],
        );
        rmSync(join(folder, 'hannover/png/b.png'));
        writeFileSync(join(folder, 'hannover/png/c.png'), '');
        const broken = await run(folder, 'verify', 'hannover');
        assert.equal(broken.code, 1);
        assert.match(
          broken.stdout,
          /1 missing:\n {2}png\/b\.png\n1 surplus:\n {2}png\/c\.png\nNot whole\.\n$/,
        );
      }));

    it('a set that lies elsewhere is verified where it lies', () =>
      inFolder(async (folder) => {
        const there = join(folder, 'meine Sammlung');
        mkdirSync(join(there, 'png'), { recursive: true });
        writeFileSync(join(there, 'data.csv'), table);
        writeFileSync(join(there, 'png/a.png'), '');
        const { code, stdout } = await run(folder, 'verify', 'hannover', '--root', there, '--json');
        assert.equal(code, 1);
        const report = JSON.parse(stdout) as { missing: string[]; compared: boolean };
        assert.deepEqual([report.missing, report.compared], [['png/b.png'], false]);
      }));

    it('Ctrl-C in the middle says that what came is kept, and the same command goes on there', () =>
      inFolder(async (folder) => {
        server.files[file].slow = 400;
        const { child, ended } = start(['data', 'get', 'hannover', '--accept'], { env: env(folder) });
        const partial = join(folder, 'hannover/.downloads/covid-19-image-repository.zip.partial');
        while (!existsSync(partial) || readFileSync(partial).length < 16_384)
          await new Promise((next) => setTimeout(next, 20));
        child.kill('SIGINT');
        const { code, stderr } = await ended;
        assert.equal(code, 130, stderr);
        assert.match(stderr, /Interrupted\. What came so far is kept/);
        server.files[file].slow = 0;
        assert.equal((await run(folder, 'get', 'hannover')).code, 0);
        assert.match(server.requests.at(-1)!, /bytes=\d{5,}-$/);
      }));

    it('a set that only a person can fetch says how', () =>
      inFolder(async (folder) => {
        const { code, stderr } = await run(folder, 'get', 'chexpert');
        assert.equal(code, 1);
        assert.match(stderr, /CheXpert can't be fetched by a program\. 1\. Fill in the form/);
      }));
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import * as data from '../../../src/data/index.js';
import type { Download } from '../../../src/data/sets/description.js';
import { fileServer, type FileServer } from '../../support/file-server.js';
import { zip } from '../../support/zip.js';
import { says } from '../folder.js';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('fetching a set', () => {
  let server: FileServer;
  let home: string;
  const before = { ...process.env };
  const content = randomBytes(200_000);

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'cellgrad sets ü-'));
    server = await fileServer({ 'a.bin': { content, etag: '"one"' } });
    process.env.CELLGRAD_DATA = home;
  });
  afterEach(async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
    for (const name of ['CELLGRAD_DATA', 'CELLGRAD_MIRROR', 'CELLGRAD_OFFLINE'])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });

  const set = (...files: Partial<Download>[]): data.ManifestDescription => ({
    name: 'made-up',
    title: 'A made-up set',
    licence: 'CC BY 4.0',
    allows: 'Use with attribution.',
    classes: ['a', 'b'],
    download: {
      files: (files.length ? files : [{}]).map((file) => ({ url: `${server.url}/a.bin`, ...file })),
    },
  });
  const folder = (): string => join(home, 'made-up');
  const read = (name: string): Buffer => readFileSync(join(folder(), name));
  const get = (description = set(), options: data.GetOptions = {}): Promise<data.GetResult[]> =>
    data.get(description, { accept: true, retries: 2, display: 'quiet', onNotice: () => {}, ...options });
  const downloads = (): string[] => server.requests.filter((each) => each.startsWith('GET'));

  it('shows the licence and waits for its acceptance, which is asked for once and recorded', async () => {
    await assert.rejects(
      data.get(set()),
      says('licence', /CC BY 4\.0/, /Use with attribution/, /accept: true/, /--accept/),
    );
    assert.equal(server.requests.length, 0);
    await get();
    const [record] = JSON.parse(readFileSync(join(home, 'licences.json'), 'utf8')) as {
      name: string;
      licence: string;
      at: string;
    }[];
    assert.deepEqual([record.name, record.licence], ['made-up', 'CC BY 4.0']);
    assert.ok(Math.abs(Date.parse(record.at) - Date.now()) < 60_000);
    rmSync(folder(), { recursive: true });
    await data.get(set());
    assert.deepEqual(read('a.bin'), content);
  });

  it('records every licence of sets that are fetched at once', async () => {
    const names = ['one', 'two', 'three', 'four'];
    await Promise.all(names.map((name) => get({ ...set(), name })));
    const records = JSON.parse(readFileSync(join(home, 'licences.json'), 'utf8')) as { name: string }[];
    assert.deepEqual(records.map(({ name }) => name).sort(), [...names].sort());
  });

  it('refuses two files that would have one name, and takes them under two', async () => {
    server.files['other/a.bin'] = { content: Buffer.from('another') };
    const url = `${server.url}/other/a.bin`;
    await assert.rejects(get(set({}, { url })), says('manifest', /both be called a\.bin/, /"path"/));
    await get(set({}, { url, path: 'other.bin' }));
    assert.deepEqual([read('a.bin'), read('other.bin').toString()], [content, 'another']);
  });

  it('fetches no archive again because another one has a file of the same name', async () => {
    const archive = (name: string, about: string): Buffer =>
      zip({ [name]: Buffer.from(name), 'README.txt': Buffer.from(about) });
    server.files['1.zip'] = { content: archive('1.txt', 'the first') };
    server.files['2.zip'] = { content: archive('2.txt', 'the second part') };
    const both = set(...[1, 2].map((n) => ({ url: `${server.url}/${n}.zip`, unpack: 'zip' as const })));
    assert.equal((await get(both, { parallel: 1 }))[0].files, 3);
    assert.equal(downloads().length, 2);
    await get(both);
    assert.equal(downloads().length, 2);
    assert.equal(read('README.txt').toString(), 'the second part');
  });

  it('says first what it needs, and that nobody has tried the address; then fetches nothing twice', async () => {
    const notices: string[] = [];
    await get(set({ untried: true }), { onNotice: (text) => notices.push(text) });
    assert.match(notices[0], /1 file to fetch, 200 kB; 200 kB are needed on the disk, .* are free in/);
    assert.match(notices[0], /Nobody has tried this address/);
    assert.equal(downloads().length, 1);
    const [result] = await get();
    assert.deepEqual([result.files, result.root], [1, folder()]);
    assert.equal(downloads().length, 1);
    rmSync(join(folder(), 'a.bin'));
    await get();
    assert.equal(downloads().length, 2);
  });

  it('stops where the disk has less room than is needed', async () => {
    const huge = set();
    huge.download!.space = 1e18;
    await assert.rejects(get(huge), says('disk', /100000000\d GB needed/, /free in/, /CELLGRAD_DATA/));
    assert.equal(downloads().length, 0);
  });

  it('goes on where a connection broke', async () => {
    server.files['a.bin'].breakAfter = [50_000, 30_000];
    await get();
    assert.deepEqual(read('a.bin'), content);
    assert.deepEqual(downloads(), ['GET /a.bin', 'GET /a.bin bytes=50000-', 'GET /a.bin bytes=80000-']);
  });

  it('keeps what came when it gives up, and goes on at the next call', async () => {
    server.files['a.bin'].breakAfter = [50_000];
    await assert.rejects(
      get(set(), { retries: 0 }),
      says('offline', /50000 bytes received are kept/, /CELLGRAD_MIRROR/),
    );
    await get();
    assert.deepEqual(read('a.bin'), content);
    assert.deepEqual(downloads(), ['GET /a.bin', 'GET /a.bin bytes=50000-']);
  });

  it('loses nothing of it to a mirror that is dead', async () => {
    server.files['a.bin'].breakAfter = [50_000];
    await assert.rejects(get(set(), { retries: 0 }));
    process.env.CELLGRAD_MIRROR = 'http://127.0.0.1:1/sets';
    await get();
    assert.deepEqual(read('a.bin'), content);
    assert.deepEqual(downloads(), ['GET /a.bin', 'GET /a.bin bytes=50000-']);
  });

  it('begins anew where the file has changed in between', async () => {
    server.files['a.bin'].breakAfter = [50_000];
    await assert.rejects(get(set(), { retries: 0 }));
    const other = randomBytes(150_000);
    server.files['a.bin'] = { content: other, etag: '"two"' };
    await get();
    assert.deepEqual(read('a.bin'), other);
  });

  it('begins anew with a server that refuses ranges', async () => {
    server.files['a.bin'].breakAfter = [50_000];
    server.files['a.bin'].ranges = false;
    await get();
    assert.deepEqual(read('a.bin'), content);
  });

  it('waits as a busy server says, with 429 and 503', async () => {
    server.files['a.bin'].answers = [
      { status: 429, retryAfter: '1' },
      { status: 503, retryAfter: new Date(Date.now() + 2500).toUTCString() },
    ];
    const start = Date.now();
    await get();
    assert.ok(Date.now() - start >= 1500, `${Date.now() - start} ms`);
    assert.deepEqual(read('a.bin'), content);
  });

  it('names a file that is gone, without trying again', async () => {
    delete server.files['a.bin'];
    await assert.rejects(get(), says('offline', /a\.bin could not be downloaded: the server answered 404/));
    assert.equal(downloads().length, 1);
  });

  it('follows a redirect', async () => {
    server.files['b.bin'] = server.files['a.bin'];
    server.files['a.bin'] = { content: Buffer.alloc(0), redirect: 'b.bin' };
    await get();
    assert.deepEqual(read('a.bin'), content);
  });

  it('refuses other bytes, and a size that is another', async () => {
    await assert.rejects(
      get(set({ sha256: '0'.repeat(64) })),
      says('checksum', /arrived damaged or altered: its sha256 is/, /thrown away/, /home page/),
    );
    await assert.rejects(get(set({ size: 199_999 })), says('checksum', /200000 bytes in place of 199999/));
    assert.ok(!existsSync(join(folder(), 'a.bin')));
    await get(set({ size: 200_000, sha256: sha256(content) }));
    assert.deepEqual(read('a.bin'), content);
  });

  it('takes no part for the whole where the server promises more', async () => {
    server.files['a.bin'].says = 300_000;
    await assert.rejects(get(set(), { retries: 0 }), says('offline', /could not be downloaded/));
    assert.ok(!existsSync(join(folder(), 'a.bin')));
  });

  it('takes mirrors first, and the source where they fail or have other bytes', async () => {
    const mirror = await fileServer({ 'sets/made-up/a.bin': { content } });
    try {
      process.env.CELLGRAD_MIRROR = `http://127.0.0.1:1/nothing, ${mirror.url}/sets/`;
      await get(set({ sha256: sha256(content) }));
      assert.deepEqual(downloads(), []);
      assert.deepEqual(read('a.bin'), content);
      rmSync(folder(), { recursive: true });
      mirror.files['sets/made-up/a.bin'].content = randomBytes(200_000);
      await get(set({ sha256: sha256(content) }));
      assert.equal(downloads().length, 1);
      assert.deepEqual(read('a.bin'), content);
    } finally {
      await mirror.close();
    }
  });

  it('asks nothing of the network offline, and says what is missing', async () => {
    await get();
    process.env.CELLGRAD_OFFLINE = '1';
    const asked = server.requests.length;
    await get();
    rmSync(join(folder(), 'a.bin'));
    await assert.rejects(get(), says('offline', /CELLGRAD_OFFLINE is set, and 1 of 1 files/));
    assert.equal(server.requests.length, asked);
  });

  it('fetches some files at once, says how far it is, and goes on where one of them fails', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `f${i}.bin`);
    for (const name of names) server.files[name] = { content, slow: 5 };
    delete server.files['f2.bin'];
    const description = set(...names.map((name) => ({ url: `${server.url}/${name}` })));
    const seen: data.GetProgress[] = [];
    await assert.rejects(
      get(description, { parallel: 3, onProgress: (p) => seen.push(p) }),
      says(
        'offline',
        /^1 of 6 files of A made-up set could not be fetched; the others are in place/,
        /f2\.bin.*404/,
      ),
    );
    assert.equal(server.most, 3);
    assert.equal(seen.at(-1)!.done, 5);
    assert.ok(seen.some((p) => p.stage === 'downloading' && p.bytes > 0 && p.total >= p.bytes));
    // a connection that breaks under load is tried again: what matters is that no file is fetched once it is in place
    const before = downloads().length;
    server.files['f2.bin'] = { content };
    await get(description);
    assert.ok(downloads().length > before);
    for (const each of downloads().slice(before)) assert.match(each, /f2\.bin/);
  });

  it('stops at a signal, and goes on from there', async () => {
    server.files['a.bin'].slow = 20;
    const stop = new AbortController();
    await assert.rejects(
      get(set(), { signal: stop.signal, onProgress: ({ bytes }) => bytes > 60_000 && stop.abort() }),
      { name: 'AbortError' },
    );
    server.files['a.bin'].slow = 0;
    await get();
    assert.match(downloads()[1], /bytes=\d{5,}-$/);
    assert.deepEqual(read('a.bin'), content);
  });

  it('ends at a notebook’s interrupt, with a sentence', async () => {
    server.files['a.bin'].slow = 20;
    const interrupt = new AbortController();
    let waits = 0;
    const cell = { signal: interrupt.signal, cooperate: () => (waits++, () => void waits--) };
    const place = globalThis as Record<symbol, unknown>;
    place[Symbol.for('cellgrad.cell')] = cell;
    try {
      await assert.rejects(
        get(set(), { onProgress: ({ bytes }) => bytes > 60_000 && interrupt.abort() }),
        says('interrupted', /was interrupted\. What came so far is kept/),
      );
      assert.equal(waits, 0);
    } finally {
      delete place[Symbol.for('cellgrad.cell')];
    }
  });

  it('unpacks archives into their places: strip, only, into, nested ones, and removes them', async () => {
    const inner = zip({ 'CT/a.png': Buffer.from('a'), 'CT/b.png': Buffer.from('b') });
    server.files['r.zip'] = {
      content: zip({
        'repo-main/README': Buffer.from('no'),
        'repo-main/images/x y/ж.png': Buffer.from('x'),
        'repo-main/images/inner.zip': inner,
      }),
    };
    const [result] = await get(
      set({
        url: `${server.url}/r.zip`,
        unpack: 'zip',
        strip: 1,
        only: '^images/',
        into: 'part',
        nested: true,
      }),
    );
    assert.equal(result.files, 3);
    assert.deepEqual(read('part/images/x y/ж.png'), Buffer.from('x'));
    assert.deepEqual(readdirSync(join(folder(), 'part/images/CT')), ['a.png', 'b.png']);
    assert.deepEqual(readdirSync(join(folder(), 'part')), ['images']);
    assert.deepEqual(readdirSync(folder()).sort(), ['.cellgrad.json', 'part']);
  });

  it('says that a page came in place of an archive, and fetches a damaged archive anew', async () => {
    server.files['p.zip'] = { content: Buffer.from('<!DOCTYPE html><html><body>Sign in</body></html>') };
    const description = set({ url: `${server.url}/p.zip`, unpack: 'zip' });
    await assert.rejects(get(description), says('checksum', /gave a web page in place of the file/));
    server.files['p.zip'] = { content: zip({ 'a.png': randomBytes(5000) }).subarray(0, 3000) };
    await assert.rejects(get(description), says('archive', /p\.zip can't be unpacked, as it is damaged/));
    server.files['p.zip'] = { content: zip({ 'a.png': Buffer.from('a') }) };
    await get(description);
    assert.deepEqual(read('a.png'), Buffer.from('a'));
  });

  it('takes the source where a mirror sends a page in place of an archive', async () => {
    const page = Buffer.from('<!DOCTYPE html><html><body>Sign in</body></html>');
    const mirror = await fileServer({ 'made-up/p.zip': { content: page } });
    try {
      process.env.CELLGRAD_MIRROR = mirror.url;
      server.files['p.zip'] = { content: zip({ 'a.png': Buffer.from('a') }) };
      await get(set({ url: `${server.url}/p.zip`, unpack: 'zip' }));
      assert.deepEqual(read('a.png'), Buffer.from('a'));
      assert.ok(mirror.requests.includes('GET /made-up/p.zip'));
    } finally {
      await mirror.close();
    }
  });

  it('verifies what it brought: missing, altered and surplus files', async () => {
    const pack = tar.pack();
    for (const [name, text] of [
      ['png/x.png', 'x'],
      ['png/y.png', 'y'],
      ['data.csv', 'patient_id,image_id,projection\n1,x,ap\n2,y,pa\n'],
    ])
      pack.entry({ name: name! }, text);
    pack.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of pack) chunks.push(chunk as Buffer);
    server.files['h.tgz'] = { content: gzipSync(Buffer.concat(chunks)) };
    const hannover = data.info('hannover');
    hannover.download = { files: [{ url: `${server.url}/h.tgz`, unpack: 'tar.gz' }] };
    await data.get(hannover, { accept: true });
    const whole = await data.verify('hannover');
    assert.deepEqual([whole.ok, whole.compared, whole.images, whole.counts], [true, true, 2, { covid: 2 }]);
    assert.equal((await data.open('hannover', { split: { seed: 0 } })).length, 2);
    assert.equal(data.list().find((each) => each.name === 'hannover')!.here, join(home, 'hannover'));

    const at = (name: string): string => join(home, 'hannover', name);
    writeFileSync(at('png/x.png'), 'z');
    rmSync(at('png/y.png'));
    writeFileSync(at('new.txt'), '');
    const report = await data.verify('hannover');
    assert.deepEqual(
      [report.ok, report.missing, report.altered, report.surplus],
      [false, ['png/y.png'], ['png/x.png'], ['new.txt']],
    );
  });

  it('a set that a person must fetch says how, and a combined one fetches its parts', async () => {
    await assert.rejects(
      data.get('padchest'),
      says('by-hand', /1\. Accept the agreement/, /data\.open\('padchest'/),
    );
    await assert.rejects(data.get('xray-four-class'), says('licence', /children/));
    await assert.rejects(data.get('covid-ctsett'), says('name', /covid-ctset/));
  });

  it('a killed process is taken over from', async () => {
    server.files['a.bin'].slow = 50;
    const script = fileURLToPath(new URL('../../support/get-set.js', import.meta.url));
    const child = spawn(process.execPath, [script, JSON.stringify(set())], { stdio: 'ignore' });
    const partial = join(folder(), '.downloads', 'a.bin.partial');
    while (!existsSync(partial) || readFileSync(partial).length < 50_000)
      await new Promise((next) => setTimeout(next, 20));
    child.kill('SIGKILL');
    await new Promise((done) => child.once('exit', done));
    rmSync(join(folder(), '.cellgrad.lock'), { recursive: true });
    server.files['a.bin'].slow = 0;
    await get();
    assert.match(downloads()[1], /bytes=\d+-$/);
    assert.deepEqual(read('a.bin'), content);
  });

  it('a disk that fills up: said in a sentence, and what came is kept', async function () {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') return this.skip(); // only root mounts
    const { execFileSync } = await import('node:child_process');
    const disk = join(home, 'disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      return this.skip(); // this machine mounts nothing
    }
    try {
      server.files['a.bin'].silent = true; // else it is said before
      await assert.rejects(
        get(set(), { root: disk }),
        says('disk', /disk can't be written: the disk is full/, /what came so far is kept/),
      );
      execFileSync('mount', ['-o', 'remount,size=1m', disk]);
      await get(set(), { root: disk });
      assert.match(downloads()[1], /bytes=\d{5,}-$/);
      assert.deepEqual(readFileSync(join(disk, 'a.bin')), content);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

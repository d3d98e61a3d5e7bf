import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import sevenZipModule, { type SevenZipModuleFactory } from '7z-wasm';
import tar from 'tar-stream';
import {
  unpack,
  type ArchiveKind,
  type UnpackOptions,
  type UnpackResult,
} from '../../../src/data/sets/unpack.js';
import { zip } from '../../support/zip.js';
import { says } from '../folder.js';

interface Entry {
  name: string;
  type?: 'file' | 'symlink' | 'link' | 'directory';
  linkname?: string;
  text?: string | Buffer;
}

async function tarOf(...entries: Entry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { name, type = 'file', linkname, text } of entries)
    if (type === 'file') pack.entry({ name }, text ?? '');
    else pack.entry({ name, type, linkname });
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('unpacking', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad unpack é-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const inside = (): string[] => readdirSync(join(folder, 'set'), { recursive: true }).map(String).sort();
  const run = (content: Buffer, kind: ArchiveKind, options?: UnpackOptions): Promise<UnpackResult> => {
    const archive = join(folder, `archive.${kind}`);
    writeFileSync(archive, content);
    return unpack(archive, kind, join(folder, 'set'), options);
  };
  /** Refused, and neither in the folder nor outside is anything left. */
  const refused = async (
    content: Buffer,
    kind: ArchiveKind,
    part: RegExp,
    options?: UnpackOptions,
  ): Promise<void> => {
    await assert.rejects(
      run(content, kind, options),
      says('archive', part, /archive\./, /Nothing of it was kept/),
    );
    assert.deepEqual(inside(), []);
    assert.ok(
      !existsSync(join(folder, 'out.txt')) &&
        !existsSync('/out.txt') &&
        !existsSync(join(folder, '..', 'out.txt')),
    );
  };

  it('takes files out of zip, tar, tar.gz and gz, with their checksums', async () => {
    const text = Buffer.from('pixels');
    const tarred = await tarOf({ name: 'a/', type: 'directory' }, { name: 'a/b c.png', text });
    for (const [kind, content] of [
      ['zip', zip({ 'a/b c.png': text })],
      ['tar', tarred],
      ['tar.gz', gzipSync(tarred)],
    ] as const) {
      const { files } = await run(content, kind);
      const sha256 = createHash('sha256').update(text).digest('hex');
      assert.deepEqual(files, [{ path: 'a/b c.png', size: 6, sha256 }]);
      assert.deepEqual(readFileSync(join(folder, 'set/a/b c.png')), text);
      rmSync(join(folder, 'set'), { recursive: true });
    }
    const { files } = await run(gzipSync(text), 'gz');
    assert.deepEqual([files[0].path, files[0].size], ['archive', 6]);
  });

  it('takes files out of 7z, packed together and each alone, with their checksums', async () => {
    const files = {
      'a/b c.png': Buffer.from('pixels'),
      'a/large': Buffer.alloc(1_500_000, 'abcdefg'),
      empty: Buffer.alloc(0),
    };
    for (const how of ['-m0=lzma2', '-m0=copy', '-ms=off']) {
      const result = await run(await sevenZip(files, { how: [how] }), '7z', { only: '^[^.]*(?:c\\.png)?$' });
      assert.deepEqual(
        new Map(result.files.map(({ path, sha256 }) => [path, sha256])),
        new Map(
          Object.entries(files)
            .sort()
            .map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]),
        ),
        how,
      );
      assert.deepEqual(readFileSync(join(folder, 'set/a/large')), files['a/large']);
      rmSync(join(folder, 'set'), { recursive: true });
    }
    const inner = await sevenZip({ 'x.png': Buffer.from('x') });
    const { files: nested } = await run(zip({ 'in/inner.7z': inner }), 'zip', { nested: true });
    assert.deepEqual(
      nested.map(({ path }) => path),
      ['in/x.png'],
    );
  });

  it('leaves 7z files to a person that are encrypted, or have names that it cannot read', async () => {
    const text = { 'a.png': Buffer.from('pixels') };
    const why: [Buffer, RegExp][] = [
      [await sevenZip(text, { how: ['-psecret'] }), /is encrypted/],
      [await sevenZip(text, { how: ['-psecret', '-mhe=on'] }), /is encrypted/],
      [await sevenZip({ '肺.png': Buffer.from('x') }), /has a name with other letters/],
    ];
    for (const [content, part] of why) {
      await assert.rejects(
        run(content, '7z'),
        says('by-hand', /archive\.7z can't be unpacked here/, part, /7-Zip/),
      );
      assert.deepEqual(inside(), []);
    }
  });

  it('reads what Python’s zipfile and tar make, with letters of other scripts', async function () {
    const script = `
import zipfile, tarfile, io, sys
z = zipfile.ZipFile(sys.argv[1] + '/p.zip', 'w', zipfile.ZIP_DEFLATED)
z.writestr('снимки/肺 1.png', b'x' * 100000); z.close()
t = tarfile.open(sys.argv[1] + '/p.tar.gz', 'w:gz')
i = tarfile.TarInfo('снимки/' + 'long' * 60 + '肺.png'); i.size = 3; t.addfile(i, io.BytesIO(b'abc')); t.close()`;
    try {
      execFileSync('python3', ['-c', script, folder]);
    } catch {
      return this.skip(); // no Python here
    }
    const zipped = await unpack(join(folder, 'p.zip'), 'zip', join(folder, 'set'));
    assert.deepEqual(
      zipped.files.map(({ path, size }) => [path, size]),
      [['снимки/肺 1.png', 100_000]],
    );
    const tarred = await unpack(join(folder, 'p.tar.gz'), 'tar.gz', join(folder, 'set'));
    assert.equal(tarred.files[0].path, `снимки/${'long'.repeat(60)}肺.png`);
  });

  for (const path of ['../out.txt', 'a/../../out.txt', '/out.txt', '..\\out.txt', 'C:\\out.txt'])
    it(`refuses a path that leads outside: ${path}`, async () => {
      const first = { 'good.png': Buffer.from('x'), [path]: Buffer.from('bad') };
      await refused(zip(first), 'zip', /holds the path .* which leads outside/);
      const tarred = await tarOf({ name: 'good.png', text: 'x' }, { name: path, text: 'bad' });
      await refused(tarred, 'tar', /holds the path .* which leads outside/);
      const files = { 'good.png': Buffer.from('x'), bad: Buffer.from('bad') };
      const packed = await sevenZip(files, { rename: { bad: path } });
      await refused(packed, '7z', /holds the path .* which leads outside/);
    });

  it('makes no links, and writes through none', async () => {
    const content = await tarOf(
      { name: 'link', type: 'symlink', linkname: '..' },
      { name: 'hard', type: 'link', linkname: '/etc/passwd' },
      { name: 'link/out.txt', text: 'bad' },
      { name: 'good.png', text: 'x' },
    );
    const { files, skipped } = await run(content, 'tar');
    assert.deepEqual(skipped, ['link', 'hard']);
    assert.deepEqual(
      files.map((file) => file.path),
      ['link/out.txt', 'good.png'],
    );
    assert.ok(!existsSync(join(folder, 'out.txt')));
    assert.deepEqual(inside(), ['good.png', 'link', 'link/out.txt']);
  });

  it('makes no links of a zip either', async () => {
    const content = zip({ link: Buffer.from('/etc'), 'good.png': Buffer.from('x') });
    content.writeUInt32LE(0o120777 * 65536, content.indexOf('PK\x01\x02') + 38);
    const { files, skipped } = await run(content, 'zip');
    assert.deepEqual([files.map((file) => file.path), skipped], [['good.png'], ['link']]);
  });

  it('makes no links of a 7z either', async () => {
    const content = await sevenZip({ 'good.png': Buffer.from('x') }, { links: { link: '/etc' } });
    const { files, skipped } = await run(content, '7z');
    assert.deepEqual([files.map((file) => file.path), skipped], [['good.png'], ['link']]);
    assert.deepEqual(inside(), ['good.png']);
  });

  it('stops at a bomb, be it said or not, and at too many files', async () => {
    const limits = { free: 1e6 };
    const bomb = gzipSync(await tarOf({ name: 'zeros', text: Buffer.alloc(30_000_000) }));
    await refused(bomb, 'tar.gz', /larger than \d+ bytes/, { limits });
    await refused(gzipSync(Buffer.alloc(300_000_000)), 'gz', /larger than \d+ bytes/, { limits });
    await refused(lyingZip(20_000_000), 'zip', /larger than|damaged/, { limits });
    await refused(await sevenZip({ zeros: Buffer.alloc(30_000_000) }), '7z', /larger than \d+ bytes/, {
      limits,
    });
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.png`, Buffer.from('x')]));
    for (const [content, kind] of [
      [zip(many), 'zip'],
      [await sevenZip(many), '7z'],
    ] as const)
      await refused(content, kind, /more than 10 files/, { limits: { members: 10 } });
    await refused(zip({ 'a.png': Buffer.alloc(2000) }), 'zip', /larger than 1000 bytes/, {
      limits: { total: 1000 },
    });
  });

  it('counts what archives within hold against the same limits', async () => {
    const inner = gzipSync(await tarOf({ name: 'zeros', text: Buffer.alloc(30_000_000) }));
    await refused(zip({ 'inner.tar.gz': inner }), 'zip', /larger than/, {
      nested: true,
      limits: { free: 1e6 },
    });
  });

  it('refuses damaged and cut archives, and leaves nothing', async () => {
    await refused(zip({ 'a.png': Buffer.alloc(9000, 7) }).subarray(0, 5000), 'zip', /damaged or no zip file/);
    await refused(Buffer.from('not an archive'), 'zip', /no zip file/);
    await refused(Buffer.from('not an archive'), 'tar.gz', /no tar\.gz file/);
    const tarred = await tarOf({ name: 'a.png', text: Buffer.alloc(90_000, 7) });
    await refused(tarred.subarray(0, 40_000), 'tar', /damaged or no tar file/);
    await refused(gzipSync(tarred).subarray(0, 100), 'tar.gz', /damaged or no tar\.gz file/);
    await refused(Buffer.from('not an archive'), '7z', /no 7z file/);
    const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i * 31 + i * 7) >> 3));
    const packed = await sevenZip({ 'a.png': noise });
    for (const spoilt of [
      packed.subarray(0, 20),
      packed.subarray(0, packed.length - 10),
      ...[10, 15, 40, 1000, packed.length - 4].map((at) => packed.map((v, i) => (i === at ? v ^ 4 : v))),
    ])
      await refused(Buffer.from(spoilt), '7z', /damaged or no 7z file/);
  });

  it('leaves the folder as it was when it is stopped', async () => {
    const content = await tarOf(
      ...Array.from({ length: 50 }, (_, i) => ({ name: `${i}.png`, text: Buffer.alloc(50_000) })),
    );
    const stop = new AbortController();
    await assert.rejects(
      run(content, 'tar', { signal: stop.signal, onProgress: (bytes) => bytes > 500_000 && stop.abort() }),
      { name: 'AbortError' },
    );
    assert.deepEqual(inside(), []);
  });
});

// what its types call the module is the function itself
const start = sevenZipModule as unknown as SevenZipModuleFactory;

/** A 7z file, made by 7-Zip: members renamed afterwards to what no file may be called. */
async function sevenZip(
  files: Record<string, Uint8Array>,
  {
    how = [],
    rename = {},
    links = {},
  }: { how?: string[]; rename?: Record<string, string>; links?: Record<string, string> } = {},
): Promise<Buffer> {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const { FS, callMain } = await start({ print: say, printErr: say });
  FS.mkdir('/in');
  FS.chdir('/in');
  for (const [name, content] of Object.entries(files)) {
    for (let at = name.indexOf('/'); at > 0; at = name.indexOf('/', at + 1))
      if (!FS.readdir('.').includes(name.slice(0, at))) FS.mkdir(name.slice(0, at));
    FS.writeFile(name, content);
  }
  for (const [name, to] of Object.entries(links)) FS.symlink(to, name);
  callMain(['a', '-snl', ...how, '/made.7z', '.']);
  for (const [from, to] of Object.entries(rename)) callMain(['rn', '/made.7z', from, to]);
  assert.match(said.join('\n'), /Everything is Ok/);
  return Buffer.from(FS.readFile('/made.7z'));
}

/** A zip whose one member says that it is small, and is not. */
function lyingZip(size: number): Buffer {
  const packed = deflateRawSync(Buffer.alloc(size));
  const content = zip({ zeros: packed });
  for (const [mark, offset] of [
    ['PK\x03\x04', 0],
    ['PK\x01\x02', 2],
  ] as const) {
    const at = content.indexOf(mark, 0, 'latin1');
    content.writeUInt16LE(8, at + 8 + offset); // deflated
    content.writeUInt32LE(100, at + 22 + offset);
  }
  return content;
}

// `cellgrad clean`: files, standard input, and git's filter, with git itself.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { code, sample } from '../runner/samples.js';
import { cellgrad, inFolder } from './cli.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const output = { output_type: 'stream', name: 'stdout', text: ['printed\n'] };
const RUN = sample([code('1', { outputs: [output], execution_count: 1 })]);
const CLEAN = sample([code('1')]);

describe('cellgrad clean', function () {
  this.timeout(120_000);

  it('cleans files where they lie, keeps their permissions and links, and says so', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'a.ipynb'), RUN);
      writeFileSync(join(folder, 'b.ipynb'), CLEAN);
      chmodSync(join(folder, 'a.ipynb'), 0o600);
      symlinkSync('a.ipynb', join(folder, 'link.ipynb'));
      const { code, stdout } = await cellgrad(['clean', 'link.ipynb', 'b.ipynb'], { cwd: folder });
      assert.equal(code, 0);
      assert.match(stdout, /^link\.ipynb: cleaned, \d+ bytes less\nb\.ipynb: is clean\n$/);
      assert.equal(readFileSync(join(folder, 'a.ipynb'), 'utf8'), CLEAN);
      assert.equal(statSync(join(folder, 'a.ipynb')).mode & 0o777, 0o600);
      assert.ok(lstatSync(join(folder, 'link.ipynb')).isSymbolicLink());
      assert.deepEqual(readdirSync(folder).sort(), ['a.ipynb', 'b.ipynb', 'link.ipynb']);
    }));

  it('--check changes nothing and fails for one that is not clean', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'a.ipynb'), RUN);
      writeFileSync(join(folder, 'b.ipynb'), CLEAN);
      const both = await cellgrad(['clean', '--check', 'a.ipynb', 'b.ipynb'], { cwd: folder });
      assert.deepEqual([both.code, both.stdout], [1, 'a.ipynb: is not clean\nb.ipynb: is clean\n']);
      assert.equal(readFileSync(join(folder, 'a.ipynb'), 'utf8'), RUN);
      assert.equal((await cellgrad(['clean', '--check', 'b.ipynb'], { cwd: folder })).code, 0);
    }));

  it('reads standard input and writes standard output', () => {
    const { status, stdout } = spawnSync(process.execPath, [MAIN, 'clean', '-'], {
      input: RUN,
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout], [0, CLEAN]);
    const broken = spawnSync(process.execPath, [MAIN, 'clean', '-'], { input: 'hello', encoding: 'utf8' });
    assert.deepEqual([broken.status, broken.stdout], [1, '']);
    assert.match(broken.stderr, /^The text on standard input is no notebook: it isn't JSON/);
  });

  it('says what can’t be cleaned, and cleans the others', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'a.ipynb'), 'hello');
      writeFileSync(join(folder, 'b.ipynb'), RUN);
      const latin = Buffer.from(RUN.replace('printed', 'r\u00e9sum\u00e9'), 'latin1');
      writeFileSync(join(folder, 'c.ipynb'), latin);
      const { code, stderr } = await cellgrad(['clean', 'none.ipynb', 'a.ipynb', 'c.ipynb', 'b.ipynb'], {
        cwd: folder,
      });
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^There is no notebook none\.ipynb\.\na\.ipynb is no notebook: .*\nThe notebook c\.ipynb is not in UTF-8\.\n$/,
      );
      assert.equal(readFileSync(join(folder, 'b.ipynb'), 'utf8'), CLEAN);
      assert.deepEqual(readFileSync(join(folder, 'c.ipynb')), latin);
      assert.equal((await cellgrad(['clean'])).code, 2);
    }));

  it('--install has git take notebooks clean, and --uninstall undoes it', () =>
    inFolder(async (folder) => {
      const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8' });
      const outside = await cellgrad(['clean', '--install'], {
        cwd: folder,
        env: { GIT_CEILING_DIRECTORIES: folder },
      });
      assert.deepEqual([outside.code, outside.stdout], [1, '']);
      assert.match(outside.stderr, /^This folder is in no git repository;/);

      git('init', '-q');
      const installed = await cellgrad(['clean', '--install'], { cwd: folder });
      assert.equal(installed.code, 0, installed.stderr);
      assert.match(
        installed.stdout,
        /^Set filter\.cellgrad\.clean in .*\n[^]*Added "\*\.ipynb filter=cellgrad" to \.git.info.attributes\.\n/,
      );
      assert.equal(
        (await cellgrad(['clean', '--install'], { cwd: folder })).stdout,
        'The filter is installed already.\n',
      );

      writeFileSync(join(folder, 'a.ipynb'), RUN);
      git('add', 'a.ipynb');
      assert.equal(git('show', ':a.ipynb'), CLEAN);
      assert.equal(readFileSync(join(folder, 'a.ipynb'), 'utf8'), RUN);
      assert.equal(git('diff'), '');
      writeFileSync(join(folder, 'b.ipynb'), 'hello');
      assert.notEqual(spawnSync('git', ['add', 'b.ipynb'], { cwd: folder }).status, 0);

      const removed = await cellgrad(['clean', '--uninstall'], { cwd: folder });
      assert.match(removed.stdout, /^Removed filter\.cellgrad [^]*Removed "\*\.ipynb filter=cellgrad" from/);
      git('add', 'b.ipynb');
      const again = await cellgrad(['clean', '--uninstall'], { cwd: folder });
      assert.equal(again.stdout, 'The filter is not installed in this repository.\n');
    }));
});

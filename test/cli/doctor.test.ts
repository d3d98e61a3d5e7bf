// `cellgrad doctor`: what it says of a machine that works, and of each thing that can be wrong.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wheelFor } from '../../src/compute/library.js';
import { wheelFolder } from '../../src/compute/wheel.js';
import type { DoctorReport } from '../../src/compute/doctor.js';
import { cellgrad, inFolder } from './cli.js';

/** Nothing listens there. */
const NO_INDEX = 'http://user:secret@127.0.0.1:9/simple';

async function doctor(env: NodeJS.ProcessEnv): Promise<{ code: number | null; report: DoctorReport }> {
  const { code, stdout, stderr } = await cellgrad(['doctor', '--json'], { env });
  assert.equal(stderr, '');
  const report = JSON.parse(stdout) as DoctorReport;
  assert.equal(code, report.ok ? 0 : 1);
  return { code, report };
}

const about = (report: DoctorReport, what: string): DoctorReport['problems'] =>
  report.problems.filter((p) => p.about === what);

describe('cellgrad doctor', function () {
  this.timeout(120_000);

  it('a machine that works: device, versions, threads, memory, and where the library lies', async () => {
    const { code, report } = await doctor({ CELLGRAD_DEVICE: 'cpu', CELLGRAD_THREADS: '1' });
    assert.equal(code, 0);
    assert.deepEqual([report.device.chosen, report.device.works], ['cpu', true]);
    assert.equal(report.tensorflow.version, '2.21.0');
    assert.equal(report.tensorflow.state, 'whole');
    assert.ok(readdirSync(report.tensorflow.folder!).some((name) => name.startsWith('libtensorflow_cc')));
    assert.equal(report.processor.threads, 1);
    assert.ok(report.memory.free > 0 && report.memory.free <= report.memory.total);
    assert.ok(Object.values(report.modules).every(({ version, error }) => version && error === undefined));
    assert.equal(report.node, process.versions.node);
  });

  it('says the same to a person, a line a matter', async () => {
    const { code, stdout } = await cellgrad(['doctor'], { env: { CELLGRAD_DEVICE: 'js' } });
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^cellgrad \d+\.\d+\.\d+: everything works\n\n✓ Device {6}js \(CELLGRAD_DEVICE js\)/,
    );
    for (const matter of [
      'TensorFlow',
      'Processor',
      'Memory',
      'Node',
      'Cache',
      'Modules',
      'Jupyter',
      'Index',
    ])
      assert.match(stdout, new RegExp(`^[✓!] ${matter} `, 'm'));
  });

  it('a device that isn’t there, and one that does not exist', async () => {
    for (const asked of ['cuda', 'abacus']) {
      const { code, report } = await doctor({ CELLGRAD_DEVICE: asked });
      assert.equal(code, 1);
      assert.equal(report.device.works, undefined);
      const [problem] = about(report, 'device');
      assert.match(`${problem.what} ${problem.mend}`, new RegExp(`${asked}.*(cpu|auto)`));
    }
  });

  it('no library and no way to it: what would be fetched, and how; no password is shown', () =>
    inFolder(async (folder) => {
      const env = { CELLGRAD_CACHE: join(folder, 'cache'), CELLGRAD_DEVICE: 'cpu', PIP_INDEX_URL: NO_INDEX };
      const { code, report } = await doctor(env);
      assert.equal(code, 1);
      assert.equal(report.tensorflow.state, 'absent');
      assert.equal(report.tensorflow.fetch!.bytes, wheelFor().bytes);
      assert.equal(report.index.reachable, false);
      assert.match(about(report, 'index')[0].mend, /PIP_INDEX_URL/);
      assert.ok(!JSON.stringify(report).includes('secret'));
      const { stdout } = await cellgrad(['doctor'], { env });
      assert.match(stdout, /one thing is wrong/);
      assert.ok(!stdout.includes('secret'));
    }));

  it('a damaged library: which file, and that removing the folder mends it', () =>
    inFolder(async (folder) => {
      const whole = wheelFolder(wheelFor());
      const broken = join(folder, 'tensorflow-cpu', whole.split(/[\\/]/).at(-1)!);
      mkdirSync(broken, { recursive: true });
      for (const name of readdirSync(whole))
        if (name.endsWith('.json')) await copyFile(join(whole, name), join(broken, name));
        else {
          writeFileSync(join(broken, name), '');
          truncateSync(join(broken, name), statSync(join(whole, name)).size - 1);
        }
      const { code, report } = await doctor({ CELLGRAD_CACHE: folder, PIP_INDEX_URL: NO_INDEX });
      assert.equal(code, 1);
      assert.equal(report.tensorflow.state, 'damaged');
      const [problem] = about(report, 'tensorflow');
      assert.match(problem.what, /libtensorflow.* bytes/);
      assert.ok(problem.mend.startsWith(`Remove ${broken};`), problem.mend);
    }));

  it('CELLGRAD_TENSORFLOW that names a file, or a folder without the library', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'libtensorflow_cc.so.2');
      writeFileSync(file, '');
      for (const named of [file, folder]) {
        const { code, report } = await doctor({ CELLGRAD_TENSORFLOW: named });
        assert.equal(code, 1);
        const [problem] = about(report, 'tensorflow');
        assert.ok(problem.what.startsWith(`CELLGRAD_TENSORFLOW names ${named}, but libtensorflow`));
        assert.match(problem.mend, /^Name the folder that holds .*, or unset it/);
      }
    }));

  it('a registered kernel whose program is gone: worth knowing, not wrong', () =>
    inFolder(async (folder) => {
      const spec = join(folder, 'kernels', 'old');
      mkdirSync(spec, { recursive: true });
      const argv = [process.execPath, join(folder, 'gone', 'cli', 'main.js'), 'kernel', '{connection_file}'];
      writeFileSync(join(spec, 'kernel.json'), JSON.stringify({ argv }));
      const { code, report } = await doctor({ CELLGRAD_DEVICE: 'js', JUPYTER_PATH: folder });
      assert.equal(code, 0);
      assert.equal(report.kernels.find(({ name }) => name === 'old')?.folder, spec);
      assert.match(about(report, 'kernels')[0].mend, /cellgrad install --name old/);
    }));
});

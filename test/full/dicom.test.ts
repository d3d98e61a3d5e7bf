// DICOM files that pydicom and imagecodecs write, and what pydicom reads in ours.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as data from '../../src/data/index.js';

const venv = process.env.CELLGRAD_VENV;
const SCRIPT = resolve('test/support/dicom_files.py');

describe('DICOM beside pydicom', function () {
  this.timeout(240_000);
  let folder: string;
  let made: Record<string, { shape: number[]; tolerance: number }>;

  function python<T>(...args: string[]): T {
    const { status, stdout, stderr } = spawnSync(join(venv!, 'bin', 'python'), [SCRIPT, ...args], {
      encoding: 'utf8',
      maxBuffer: 1e8,
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as T;
  }

  before(function () {
    if (!venv) {
      console.log('      skipped: no Python (CELLGRAD_VENV)');
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-pydicom-'));
    made = python('make', folder);
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  it('every transfer syntax, sign, colour and table gives the values that were written', async () => {
    assert.ok(Object.keys(made).length > 25);
    for (const [name, { shape, tolerance }] of Object.entries(made)) {
      const image = await data.readDicom(join(folder, `${name}.dcm`));
      const bytes = Uint8Array.from(readFileSync(join(folder, `${name}.f32`)));
      const want = new Float32Array(bytes.buffer);
      assert.deepEqual(image.shape, shape, name);
      if (tolerance === 0) assert.deepEqual(image.pixels, want, name);
      else
        want.forEach((v, i) => assert.ok(Math.abs(v - image.pixels[i]) <= tolerance, `${name}, value ${i}`));
    }
  });

  it('what deidentify writes is DICOM with the same pixels and nobody in it', async () => {
    const files = Object.keys(made).map((name) => join(folder, `${name}.dcm`));
    const out = join(folder, 'out');
    const copies: string[] = [];
    for (const file of files) {
      const result = await data.deidentify(file, { out, key: 'a key', dates: 'shift' });
      copies.push(result.files[0].to);
    }
    type Found = Record<
      string,
      {
        sha256: string;
        text: string;
        meta: boolean;
        name: string;
        uid: string;
        reference: string;
        method: string[];
      }
    >;
    const found = python<Found>('read', ...copies);
    for (const [i, copy] of copies.entries()) {
      const { text, meta, method, name } = found[copy];
      assert.ok(meta, copy);
      assert.deepEqual(method, ['113100', '113107']);
      assert.match(name, /^anon-/);
      assert.doesNotMatch(text, /Secret|ACME/, files[i]);
      const [before, after] = [await data.readDicom(files[i]), await data.readDicom(copy)];
      assert.deepEqual(after.pixels, before.pixels, files[i]);
    }
    const names = found[copies[Object.keys(made).indexOf('names')]];
    assert.equal(names.reference, names.uid);
    const plain = new Float32Array((await data.readDicom(join(folder, 'names.dcm'))).pixels);
    assert.equal(names.sha256, createHash('sha256').update(new Uint8Array(plain.buffer)).digest('hex'));
  });
});

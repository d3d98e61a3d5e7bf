import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelError, readWeights, writeSafetensors } from '../../src/models/index.js';
import { needsShared, sharedPath } from '../support/fixtures.js';
import { torchFile, torchZip } from '../support/pickles.js';
import { zip } from '../support/zip.js';

/** A number below `n`, from a seed. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

describe('damaged and hostile files of weights', function () {
  this.timeout(240_000);
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-hostile-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Reads the bytes as a file: its tensors, or why they are refused, in one sentence. */
  async function read(bytes: Uint8Array): Promise<string | undefined> {
    const path = join(folder, 'file');
    writeFileSync(path, bytes);
    try {
      await readWeights(path);
      return undefined;
    } catch (error) {
      assert.ok(error instanceof ModelError, String((error as Error).stack));
      assert.match(error.message, /^The weights file .* (was refused|is damaged|can't be read): [^\n]*\.$/);
      return error.message;
    }
  }
  async function refused(bytes: Uint8Array, why: RegExp): Promise<void> {
    assert.match((await read(bytes)) ?? 'it was taken', why);
  }

  const values = Float32Array.from({ length: 24 }, (_, i) => i);
  const torch = torchFile({
    epoch: 3,
    state_dict: { 'conv.weight': { shape: [2, 3, 2, 2], values }, 'conv.bias': { shape: [24], values } },
  });

  it('cut anywhere, or with any bytes changed, they are read or refused', async function () {
    const path = join(folder, 'sound.safetensors');
    await writeSafetensors(path, new Map([['w', { shape: [2, 12], data: values }]]), { a: 'b' });
    const sound = [readFileSync(path), torch];
    if (existsSync(sharedPath('fixtures/weights')))
      sound.push(readFileSync(sharedPath('fixtures/weights/storage_too_small.pth')));
    const next = dice(1);
    for (const file of sound) {
      for (let end = 0; end < file.length; end += 7)
        assert.ok(await read(file.subarray(0, end)), `cut at ${end}`);
      for (let i = 0; i < 200; i++) {
        const changed = Buffer.from(file);
        for (let k = next(4); k >= 0; k--) changed[next(file.length)] = next(256);
        await read(changed);
      }
    }
  });

  it('safetensors that claim what they have not', async () => {
    const file = (header: unknown, data = 0, length?: bigint): Buffer => {
      const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(length ?? BigInt(text.length));
      return Buffer.concat([size, text, Buffer.alloc(data)]);
    };
    const entry = (shape: unknown, span: unknown, dtype = 'F32'): object => ({
      dtype,
      shape,
      data_offsets: span,
    });
    await refused(file('{}', 0, 2n ** 60n), /header does not fit/);
    await refused(file('[]'.padStart(9)), /refused/);
    await refused(file({ a: entry([2 ** 40, 2 ** 40], [0, 4]) }, 4), /entry of a is malformed/);
    await refused(file({ a: entry([-1], [0, 4]) }, 4), /entry of a is malformed/);
    await refused(file({ a: entry([1], [4, 0]) }, 4), /entry of a is malformed/);
    await refused(file({ a: entry([1], [0, 4]), b: entry([1], [2, 6]) }, 6), /overlap at b/);
    await refused(file({ a: entry([1], [4, 8]) }, 8), /4 bytes before a belong to no tensor/);
    await refused(file({ a: entry([1], [0, 4]) }, 8), /4 bytes at its end belong to no tensor/);
    await refused(file({ a: entry([1], [0, 1], 'F8_E4M3') }, 1), /a is of type F8_E4M3/);
    await refused(file({ a: null }), /entry of a is malformed/);
    await refused(file('{"a":'.repeat(100_000)), /header is no JSON/);
  });

  it('pickles that run, nest, multiply or lie', async () => {
    const pickle = (...parts: Array<string | Uint8Array>): Buffer =>
      torchZip(
        Buffer.concat(
          ['\x80\x02', ...parts, '.'].map((p) => (typeof p === 'string' ? Buffer.from(p, 'latin1') : p)),
        ),
      );
    await refused(pickle('cos\nsystem\n(X\x05\x00\x00\x00touchtR'), /os\.system, which no state dict needs/);
    await refused(pickle('ccollections\nOrderedDict\n(]K\x01atR'), /malformed/);
    await refused(pickle(']'.repeat(500_000), 'a'.repeat(499_999)), /holds no state dict/); // nested half a million deep
    await refused(pickle('}', '0}'.repeat(2_000_000)), /builds more than any state dict/);
    await refused(pickle('}', '\x94'.repeat(2_000_000)), /builds more than any state dict/);
    await refused(pickle('K\x01'.repeat(1_500_000)), /builds more than any state dict/);
    // each dict holds the one before twice: 2^60 paths
    const twice = Array.from(
      { length: 60 },
      (_, i) =>
        `}q${String.fromCharCode(i + 1)}(X\x01\x00\x00\x00ah${String.fromCharCode(i)}X\x01\x00\x00\x00bh${String.fromCharCode(i)}u`,
    );
    await refused(pickle('}q\x00', ...twice), /holds no state dict/);
    await refused(pickle('}q\x00X\x01\x00\x00\x00ah\x00s'), /holds no state dict/); // it holds itself
    await refused(
      torchFile({ w: { shape: [24], values, elements: 1000 } }),
      /has 96 bytes where its pickle says 4000/,
    );
    await refused(
      torchFile({ w: { shape: [30_000, 30_000], stride: [0, 0], values } }),
      /would take 3600000000 bytes/,
    );
    await refused(
      torchFile({ w: { shape: [2, 12], stride: [1000, 1], values } }),
      /needs more values than are stored/,
    );
  });

  it('zip files whose directory lies', async () => {
    const at = torch.lastIndexOf('PK\x05\x06', undefined, 'latin1');
    const many = Buffer.from(torch);
    many.writeUInt16LE(65_534, at + 8);
    many.writeUInt16LE(65_534, at + 10);
    await refused(many, /zip directory is damaged/);
    // zip64's end: 2^31 members
    const end64 = Buffer.alloc(56);
    end64.write('PK\x06\x06', 'latin1');
    end64.writeBigUInt64LE(44n, 4);
    end64.writeBigUInt64LE(2n ** 31n, 24);
    end64.writeBigUInt64LE(2n ** 31n, 32);
    const locator = Buffer.alloc(20);
    locator.write('PK\x06\x07', 'latin1');
    locator.writeBigUInt64LE(BigInt(at), 8);
    const end = Buffer.from(torch.subarray(at));
    end.fill(0xff, 8, 20);
    await refused(
      Buffer.concat([torch.subarray(0, at), end64, locator, end]),
      /zip directory lists 2147483648 members/,
    );
    const changed = Buffer.from(torch);
    changed[torch.indexOf(Buffer.from(values.buffer)) + 5] ^= 1;
    await refused(changed, /do not match their checksum/);
    await refused(zip({ 'notes.txt': Buffer.from('hello') }), /holds no state dict/);
  });

  it('HDF5 that is cut or changed', async function () {
    needsShared(this);
    const { File, ready } = await import('h5wasm/node');
    await ready;
    const path = join(folder, 'sound.h5');
    const h5 = new File(path, 'w');
    h5.create_attribute('layer_names', ['conv']);
    const group = h5.create_group('conv');
    group.create_attribute('weight_names', ['conv/kernel:0']);
    group.create_group('conv').create_dataset({ name: 'kernel:0', data: values, shape: [2, 12] });
    h5.close();
    const sound = readFileSync(path);
    assert.equal(await read(sound), undefined);
    const next = dice(2);
    for (let i = 0; i < 6; i++) assert.ok(await read(sound.subarray(0, 8 + next(sound.length - 8))));
    for (let i = 0; i < 12; i++) {
      const changed = Buffer.from(sound);
      for (let k = 0; k < 40; k++) changed[8 + next(sound.length - 8)] = next(256);
      await read(changed);
    }
  });
});

// WebGPU against TensorFlow on the CPU, on the GPU in software that Debian's Chromium ships: SwiftShader.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const driver = process.env.VK_ICD_FILENAMES ?? '/usr/lib/chromium/vk_swiftshader_icd.json';

interface Values {
  device: string;
  logits: number[];
  gradients: number[][];
  loss: number;
  scores: number[][];
  leaked: number;
}

describe('WebGPU', function () {
  this.timeout(900_000);
  const run = (script: string, device: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) => {
    const path = fileURLToPath(new URL(`../support/${script}.js`, import.meta.url));
    return spawnSync(process.execPath, [path, ...args], {
      // Vulkan's loader lies beside the driver
      env: {
        ...process.env,
        CELLGRAD_DEVICE: device,
        VK_ICD_FILENAMES: driver,
        LD_LIBRARY_PATH: dirname(driver),
        ...env,
      },
      encoding: 'utf8',
    });
  };
  const values = <T>(script: string, device: string, ...args: string[]): T => {
    const { stdout, stderr, status, signal } = run(script, device, args);
    assert.deepEqual([status, signal], [0, null], stderr);
    return JSON.parse(stdout) as T;
  };
  const apart = (a: number[], b: number[]): number => {
    assert.equal(a.length, b.length);
    return Math.max(...a.map((v, i) => Math.abs(v - b[i])));
  };

  before(function () {
    if (!existsSync(driver)) {
      console.log(`      SwiftShader is not here (${driver})`);
      this.skip();
    }
  });

  it('gives the CPU’s values and gradients of each op within 1e-4', () => {
    const [cpu, gpu] = ['cpu', 'webgpu'].map((d) => values<Record<string, number[][]>>('ops-values', d));
    assert.deepEqual(Object.keys(gpu), Object.keys(cpu));
    for (const [name, parts] of Object.entries(cpu))
      parts.forEach((part, i) => {
        const off = apart(part, gpu[name][i]);
        assert.ok(off < 1e-4, `${name}, ${i ? `gradient ${i}` : 'value'}: ${off}`);
      });
  });

  for (const network of ['resnet18', 'mobilenet_v2'])
    it(`${network}: logits, gradients, training and scores after it are the CPU’s within 1e-3`, () => {
      const [cpu, gpu] = ['cpu', 'webgpu'].map((d) => values<Values>('network-values', d, network));
      assert.deepEqual([cpu.device, gpu.device], ['cpu', 'webgpu']);
      assert.ok(apart(cpu.logits, gpu.logits) < 1e-3, `logits ${cpu.logits}, ${gpu.logits}`);
      assert.ok(cpu.gradients.length > 50);
      cpu.gradients.forEach(([norm, product], i) => {
        const off = apart([norm, product], gpu.gradients[i]);
        assert.ok(off < 1e-3 * norm, `gradient ${i} of norm ${norm}: ${off}`);
      });
      assert.ok(Math.abs(cpu.loss - gpu.loss) < 1e-3, `losses ${cpu.loss}, ${gpu.loss}`);
      assert.ok(apart(cpu.scores.flat(), gpu.scores.flat()) < 1e-3, `${cpu.scores}; ${gpu.scores}`);
      assert.equal(gpu.leaked, cpu.leaked);
    });

  it('says what to do where no GPU is found', () => {
    const { status, stderr } = run('ops-values', 'webgpu', [], { VK_ICD_FILENAMES: '/nowhere.json' });
    assert.notEqual(status, 0);
    assert.match(
      stderr,
      /CELLGRAD_DEVICE=webgpu: no GPU with a Vulkan driver was found\. Install .*CELLGRAD_DEVICE=cpu/,
    );
  });
});

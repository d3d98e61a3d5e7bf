import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

describe('conformance', () => {
  it("passes tfjs's own tests, but for those that known.json explains", () => {
    const build = fileURLToPath(new URL('../..', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/conformance.mjs', '--built'], {
      encoding: 'utf8',
      env: { ...process.env, CELLGRAD_BUILD: build },
    });
    assert.equal(status, 0, stdout + stderr);
    const passed = Number(/^passed (\d+)/m.exec(stdout)![1]);
    assert.ok(passed >= 4200, stdout);
  });
});

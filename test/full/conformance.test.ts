import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

describe('conformance', () => {
  it("passes tfjs's own tests, but for those that known.json explains", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/conformance.mjs', '--built'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
    const passed = Number(/^passed (\d+)/m.exec(stdout)![1]);
    assert.ok(passed >= 4200, stdout);
  });
});

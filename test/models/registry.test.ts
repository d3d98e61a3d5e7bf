import assert from 'node:assert/strict';
import { create, list } from '../../src/models/index.js';
import { find } from '../../src/models/registry.js';

describe('models by name', () => {
  it('lists by part of a name, glob, regular expression and family', () => {
    assert.deepEqual(list('resnet5'), ['legacy_seresnet50', 'resnet50', 'wide_resnet50_2']);
    assert.deepEqual(list('resnet1??'), ['resnet101', 'resnet152']);
    assert.deepEqual(list(/^resnet\d\d$/g), ['resnet18', 'resnet34', 'resnet50']);
    assert.ok(list('', { family: 'densenet' }).every((name) => name.startsWith('densenet')));
    assert.throws(() => list('', { family: 'resnets' }), /no family "resnets"; there are .*resnet/);
  });

  it('finds every name in its family’s table', async () => {
    for (const name of list()) assert.equal(typeof (await find(name)).build, 'function', name);
  });

  it('offers the nearest of an unknown name', async () => {
    await assert.rejects(create('resnet5O'), /Nearest: resnet50/);
    await assert.rejects(create('toString'), /no model "toString"/);
  });
});

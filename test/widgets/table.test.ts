// The table of models against ipywidgets' own: models.json is what models.py has printed with ipywidgets 8.1.9.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MODELS } from '../../src/widgets/models.js';
import * as widgets from '../../src/widgets/index.js';

type Json = Record<string, unknown>;
const file = fileURLToPath(new URL('../../../test/widgets/models.json', import.meta.url));
const theirs = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Json>;
type Plain = new (traits?: object) => widgets.Widget;
const classes = widgets as unknown as Record<string, Plain>;

/** As models.py writes it. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return 'BYTES';
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'string' && value.startsWith('IPY_MODEL_') ? 'IPY_MODEL' : value;
}

describe('the table of models', () => {
  for (const name of Object.keys(MODELS)) {
    if (name.endsWith('Link')) continue;
    it(`${name} has ipywidgets' names, traits and defaults`, () => {
      const made = new classes[name](name === 'SelectionSlider' ? { options: ['a'] } : {});
      const state = Object.entries(made.getState()).map(([key, value]) => [key, plain(value)]);
      assert.deepEqual(Object.fromEntries(state.sort()), theirs[name]);
    });
  }

  it('links refer to the traits of two widgets', () => {
    const [a, b] = [new widgets.IntSlider(), new widgets.IntProgress()];
    const state = widgets.jslink([a, 'value'], [b, 'value']).getState();
    assert.deepEqual(plain(state.source), ['IPY_MODEL', 'value'].map(plain));
    assert.deepEqual(state.target, [`IPY_MODEL_${b.modelId}`, 'value']);
    const { source, target, ...rest } = state;
    const { source: _, target: __, ...wanted } = theirs.Link;
    assert.ok(source && target);
    assert.deepEqual(rest, wanted);
  });
});

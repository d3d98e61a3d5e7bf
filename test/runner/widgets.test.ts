// Widgets in a run without a front end: nothing waits for one, and the notebook and its page keep what they hold.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notebookHtml, parseNotebook } from '../../src/runner/index.js';
import { WidgetStates, type SavedWidget } from '../../src/runner/widget-state.js';
import { cellgrad, inFolder } from '../cli/cli.js';
import { code, sample } from './samples.js';

const STATE = 'application/vnd.jupyter.widget-state+json';
const VIEW = 'application/vnd.jupyter.widget-view+json';

interface Written {
  cells: { outputs: { data?: Record<string, unknown> }[] }[];
  metadata: { widgets: Record<string, { version_major: number; state: Record<string, SavedWidget> }> };
}

describe('widgets in cellgrad run', function () {
  this.timeout(60_000);

  it('give their text form and their state, what an Output shows is on the page', () =>
    inFolder(async (folder) => {
      const cells = [
        `import { widgets } from 'cellgrad';
         const slider = new widgets.IntSlider({ value: 7, description: 'films' });
         const image = new widgets.Image({ value: new Uint8Array([1, 2, 3]) });
         const out = new widgets.Output();
         out.capture(() => { console.log('inside <it>'); display(42); });
         new widgets.VBox([slider, image, out, new widgets.Dropdown({ options: ['a', 'b'], value: 'b' })])`,
        "widgets.interact(async ({ n }) => { await new Promise((r) => setTimeout(r, 50)); console.log('n is', n); }, { n: [0, 10] })",
        'slider.value = 9; const gone = new widgets.Label(); gone.close(); slider.value',
      ];
      const stale = {
        kernelspec: { name: 'cellgrad', language: 'typescript' },
        widgets: { [STATE]: { state: { old: {} } } },
      };
      writeFileSync(join(folder, 'n.ipynb'), sample(cells, stale));
      const { code, stderr } = await cellgrad(['run', 'n.ipynb'], { cwd: folder });
      assert.equal(code, 0, stderr);
      const { cells: written, metadata } = JSON.parse(
        readFileSync(join(folder, 'out', 'n.ipynb'), 'utf8'),
      ) as Written;
      const { version_major, state } = metadata.widgets[STATE];
      assert.equal(version_major, 2);
      assert.equal(state.old, undefined);
      const ofModel = (name: string): SavedWidget[] =>
        Object.values(state).filter(({ model_name }) => model_name === name);
      assert.deepEqual(
        ofModel('IntSliderModel').map((slider) => slider.state.value),
        [9, 5],
      );
      assert.deepEqual(ofModel('ImageModel')[0].buffers, [
        { encoding: 'base64', path: ['value'], data: 'AQID' },
      ]);
      assert.deepEqual(ofModel('LabelModel'), []);
      const view = written[0].outputs[0].data!;
      assert.match((view['text/plain'] as string[]).join(''), /^VBox \{\s+children: \[\s+IntSlider \{/);
      const shown = state[(view[VIEW] as { model_id: string }).model_id];
      assert.equal(shown.model_name, 'VBoxModel');

      const html = readFileSync(join(folder, 'out', 'n.html'), 'utf8');
      assert.match(html, /films:<\/span> 9/);
      assert.match(html, /inside &lt;it&gt;/);
      assert.match(html, /src="data:image\/png;base64,AQID"/);
      assert.match(html, /<div class="widget">b<\/div>/);
      assert.match(html, /n is 5/);
    }));

  it('on a page: those that are unknown show as text, a box in itself ends, values are escaped', () => {
    const view = (model_id: string): string => {
      const data = { 'text/plain': 'as text', [VIEW]: { model_id } };
      const state = {
        box: { model_name: 'HBoxModel', state: { children: ['IPY_MODEL_box', 'IPY_MODEL_text'] } },
        text: { model_name: 'TextModel', state: { description: '<d>', value: '<v>' } },
        done: { model_name: 'IntProgressModel', state: { value: 3, min: 1, max: 5 } },
      };
      const notebook = sample(
        [code('1', { outputs: [{ output_type: 'display_data', data, metadata: {} }] })],
        {
          kernelspec: { name: 'cellgrad', language: 'typescript' },
          widgets: { [STATE]: { state } },
        },
      );
      return notebookHtml(parseNotebook(notebook, 'n.ipynb'), { folder: '.', name: 'n' });
    };
    assert.match(view('missing'), /as text/);
    assert.match(view('box'), /&lt;d&gt;:<\/span> &lt;v&gt;/);
    assert.match(view('done'), /<progress value="2" max="4">/);
  });

  it('a state follows its messages: new bytes replace old ones, other comms are none', () => {
    const states = new WidgetStates();
    const notebook = parseNotebook(sample([]), 'n.ipynb');
    states.take('comm_open', { comm_id: 'x', target_name: 'other', data: { state: { a: 1 } } }, []);
    states.write(notebook);
    assert.equal(notebook.metadata.widgets, undefined);
    const open = { _model_name: 'M', _model_module: 'm', _model_module_version: '1', a: 1 };
    const data = { state: open, buffer_paths: [['value']] };
    states.take('comm_open', { comm_id: 'w', target_name: 'jupyter.widget', data }, [new Uint8Array([1])]);
    states.take(
      'comm_msg',
      { comm_id: 'w', data: { method: 'update', state: { a: 2 }, buffer_paths: [['value']] } },
      [new Uint8Array([2])],
    );
    states.take('comm_msg', { comm_id: 'w', data: { method: 'custom', content: {} } }, []);
    states.write(notebook);
    const { widgets } = notebook.metadata as unknown as Written['metadata'];
    assert.deepEqual(widgets[STATE].state.w, {
      model_name: 'M',
      model_module: 'm',
      model_module_version: '1',
      state: { ...open, a: 2 },
      buffers: [{ encoding: 'base64', path: ['value'], data: Buffer.from([2]).toString('base64') }],
    });
  });
});

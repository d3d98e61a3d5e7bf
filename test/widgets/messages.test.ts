// What widgets and their front end say to each other (ipywidgets' messaging protocol 2.1).

import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as widgets from '../../src/widgets/index.js';
import { fakeComms } from './fake.js';

type Json = Record<string, unknown>;

describe('messages of widgets', () => {
  const comms = fakeComms();
  const update = (id: string, state: Json): Json[] =>
    comms.now.give(id, { method: 'update', state, buffer_paths: [] }).map(({ data }) => data);

  it('a new widget opens its layout, its style and itself, with the version of the protocol', () => {
    const slider = new widgets.IntSlider({ value: 3, max: 10 });
    const { sent } = comms.now;
    assert.deepEqual(
      sent.map(({ data }) => [data.target, (data.state as Json)._model_name]),
      [
        ['jupyter.widget', 'LayoutModel'],
        ['jupyter.widget', 'SliderStyleModel'],
        ['jupyter.widget', 'IntSliderModel'],
      ],
    );
    const [layout, style, own] = sent;
    assert.deepEqual(own.metadata, { version: '2.1.0' });
    assert.equal(own.id, slider.modelId);
    const state = own.data.state as Json;
    assert.equal(state.layout, `IPY_MODEL_${layout.id}`);
    assert.equal(state.style, `IPY_MODEL_${style.id}`);
    assert.deepEqual([state.value, state.max, state.continuous_update], [3, 10, true]);
  });

  it('a change here goes to the front end once, and not if nothing changes', () => {
    const slider = new widgets.IntSlider();
    comms.now.sent = [];
    slider.value = 7;
    slider.value = 7;
    slider.layout.width = '50%';
    assert.deepEqual(
      comms.now.sent.map(({ id, data }) => [id, data]),
      [
        [slider.modelId, { method: 'update', state: { value: 7 }, buffer_paths: [] }],
        [slider.layout.modelId, { method: 'update', state: { width: '50%' }, buffer_paths: [] }],
      ],
    );
  });

  it('a change of the front end is echoed, changes the widget, and is not sent back', () => {
    const slider = new widgets.IntSlider();
    const seen: number[][] = [];
    slider.observe('value', ({ old, new: now }) => void seen.push([old, now]));
    const sent = update(slider.modelId, { value: 5, _view_count: 1 });
    assert.deepEqual(sent, [{ method: 'echo_update', state: { value: 5 }, buffer_paths: [] }]);
    assert.equal(slider.value, 5);
    assert.deepEqual(seen, [[0, 5]]);
  });

  it('echoes can be switched off, as in ipywidgets', () => {
    process.env.JUPYTER_WIDGETS_ECHO = '0';
    try {
      const slider = new widgets.IntSlider();
      assert.deepEqual(update(slider.modelId, { value: 5 }), []);
    } finally {
      delete process.env.JUPYTER_WIDGETS_ECHO;
    }
  });

  it('what the widget makes of a value goes back: a clamped one, one that an observer changes', () => {
    const slider = new widgets.IntSlider({ value: 100 });
    const [, mended] = update(slider.modelId, { value: 150 });
    assert.deepEqual(mended, { method: 'update', state: { value: 100 }, buffer_paths: [] });
    slider.observe('value', () => (slider.value = 4));
    const [, changed] = update(slider.modelId, { value: 50 });
    assert.deepEqual(changed.state, { value: 4 });
  });

  it('a value that is none is refused with an error and the front end told what is so; the rest counts', () => {
    const slider = new widgets.IntSlider({ value: 3 });
    comms.now.sent = [];
    assert.throws(
      () => update(slider.modelId, { value: 'much', max: 50 }),
      /IntSlider\.value \(from the front end\) must be a whole number, not 'much'/,
    );
    assert.deepEqual(comms.now.sent.at(-1)!.data.state, { value: 3 });
    assert.deepEqual([slider.value, slider.max], [3, 50]);
    assert.throws(() => update(slider.modelId, { min: 99 }), /min \(99\) is above its max \(50\)/);
    assert.deepEqual(comms.now.sent.at(-1)!.data.state, { min: 0 });
  });

  it('bytes travel beside the JSON, both ways', () => {
    const image = new widgets.Image({ value: new Uint8Array([1, 2]) });
    const opened = comms.now.sent.at(-1)!;
    assert.deepEqual(opened.data.buffer_paths, [['value']]);
    assert.deepEqual([...opened.buffers[0]], [1, 2]);
    assert.ok(!('value' in (opened.data.state as Json)));
    comms.now.give(image.modelId, { method: 'update', state: {}, buffer_paths: [['value']] }, [
      new Uint8Array([3]),
    ]);
    assert.deepEqual([...image.value], [3]);
  });

  it('hostile buffer paths change nothing', () => {
    const image = new widgets.Image();
    for (const path of [['__proto__', 'value'], [], ['a', 'b', 'c'], 'text', null])
      comms.now.give(image.modelId, { method: 'update', state: {}, buffer_paths: [path] }, [
        new Uint8Array([3]),
      ]);
    assert.ok(!('value' in ({} as Json)));
    assert.equal(image.value.length, 0);
  });

  it('request_state is answered with all of the state', () => {
    const slider = new widgets.IntSlider({ value: 2 });
    const [answer] = comms.now.give(slider.modelId, { method: 'request_state' });
    assert.equal(answer.data.method, 'update');
    assert.deepEqual(answer.data.state, slider.getState());
  });

  it('request_states is answered with all widgets and their bytes', () => {
    const image = new widgets.Image({ value: new Uint8Array([9]) });
    const box = new widgets.HBox([image]);
    comms.now.openFrom('jupyter.widget.control', 'control');
    const [answer] = comms.now.give('control', { method: 'request_states' });
    assert.equal(answer.data.method, 'update_states');
    const states = answer.data.states as Record<string, Json>;
    assert.deepEqual(Object.keys(states[box.modelId]).sort(), [
      'model_module',
      'model_module_version',
      'model_name',
      'state',
    ]);
    assert.equal(states[box.modelId].model_name, 'HBoxModel');
    assert.deepEqual((states[box.modelId].state as Json).children, [`IPY_MODEL_${image.modelId}`]);
    const at = (answer.data.buffer_paths as string[][]).findIndex(([id]) => id === image.modelId);
    assert.deepEqual((answer.data.buffer_paths as string[][])[at], [image.modelId, 'state', 'value']);
    assert.deepEqual([...answer.buffers[at]], [9]);
  });

  it('hold and set send one message and notify once, when all is as it should be', () => {
    const slider = new widgets.IntSlider();
    let notified = 0;
    slider.observe(['min', 'max', 'value'], () => void notified++);
    comms.now.sent = [];
    slider.hold(() => {
      slider.min = 200; // above max, for a moment
      slider.max = 300;
      slider.value = 250;
      slider.value = 251;
      assert.equal(notified, 0);
    });
    assert.deepEqual(
      comms.now.sent.map(({ data }) => data.state),
      [{ value: 251, min: 200, max: 300 }],
    );
    assert.equal(notified, 3);
    comms.now.sent = [];
    assert.throws(() => slider.hold(() => void (slider.min = 900)), /min \(900\) is above its max \(300\)/);
    assert.throws(() => slider.set({ min: 900, value: 1 }), widgets.WidgetError);
    assert.deepEqual([slider.min, slider.value, comms.now.sent.length], [200, 251, 0]);
  });

  it('clicks and other messages of the front end reach their handlers, until these are taken off', () => {
    const button = new widgets.Button({ description: 'Go' });
    const seen: unknown[] = [];
    const off = button.onClick((b) => seen.push(b.description));
    const message = { method: 'custom', content: { event: 'click' } };
    comms.now.give(button.modelId, message);
    button.click();
    off();
    comms.now.give(button.modelId, message);
    assert.deepEqual(seen, ['Go', 'Go']);
    assert.throws(
      () => comms.now.give(button.modelId, { method: 'odd' }),
      /message of an unknown kind, 'odd'/,
    );
  });

  it('a handler that throws keeps no other from being called', () => {
    const button = new widgets.Button();
    let called = false;
    button.onClick(() => {
      throw new Error('first');
    });
    button.onClick(() => void (called = true));
    assert.throws(() => button.click(), /first/);
    assert.ok(called);
  });

  it('an async handler goes on in the background of its message', async () => {
    const button = new widgets.Button();
    button.onClick(async () => {
      await wait(5);
      throw new Error('late');
    });
    comms.now.give(button.modelId, { method: 'custom', content: { event: 'click' } });
    const { background } = comms.now.returned as { background: Promise<unknown> };
    await assert.rejects(background, /late/);
  });

  it('a widget that is closed, here or by the front end, says no more', () => {
    const [one, two] = [new widgets.IntSlider(), new widgets.IntSlider()];
    comms.now.sent = [];
    one.close();
    one.close();
    assert.deepEqual(
      comms.now.sent.map(({ type, id }) => [type, id]),
      [['close', one.modelId]],
    );
    comms.now.closeFrom(two.modelId);
    comms.now.sent = [];
    one.value = two.value = 5;
    assert.deepEqual([comms.now.sent.length, one.closed, two.closed], [0, true, true]);
  });

  it('widgets that nobody has any more are closed; those shown, and what those hold, live', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    let shown = '';
    let inner = '';
    const make = (): void => {
      for (let i = 0; i < 50; i++) new widgets.Checkbox();
      const slider = new widgets.IntSlider();
      const box = new widgets.HBox([slider]);
      [shown, inner] = [box.modelId, slider.modelId];
      (box as unknown as Record<symbol, () => unknown>)[Symbol.for('Jupyter.display')]();
    };
    make();
    const opened = comms.now.sent.length;
    assert.equal(opened, 150 + 3 + 2);
    const closed = (): string[] => comms.now.sent.filter(({ type }) => type === 'close').map(({ id }) => id);
    for (let i = 0; i < 50 && closed().length < 150; i++) {
      await wait(10);
      collect();
    }
    assert.ok(closed().length >= 147, `${closed().length} of 150 were closed`);
    assert.ok(!closed().includes(shown) && !closed().includes(inner));
    comms.now.openFrom('jupyter.widget.control', 'control');
    const [answer] = comms.now.give('control', { method: 'request_states' });
    const value = Object.keys(answer.data.states as Json).filter((id) => id === shown || id === inner).length;
    assert.equal(value, 2);
  });
});

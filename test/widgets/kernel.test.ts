// Widgets in a kernel of their own, whose front end is the test.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { Json, Message } from '../../src/kernel/wire.js';
import { TestKernel } from '../kernel/client.js';

const IMPORT = `import { widgets } from "cellgrad";`;
const of = (messages: Message[], type: string): Message[] =>
  messages.filter(({ header }) => header.msg_type === type);

describe('widgets in a kernel', function () {
  this.timeout(60_000);
  let kernel: TestKernel;
  before(async () => {
    kernel = await TestKernel.start({ cwd: fileURLToPath(new URL('../../../', import.meta.url)) });
    const { error } = await kernel.run(`${IMPORT} 1`);
    assert.equal(error?.traceback, undefined);
  });
  after(() => kernel.stop());

  const post = (comm_id: string, data: Json): Promise<Message[]> =>
    kernel.passed(kernel.send('shell', 'comm_msg', { comm_id, data }));
  const change = (id: string, state: Json): Promise<Message[]> =>
    post(id, { method: 'update', state, buffer_paths: [] });
  const click = (id: string): Promise<Message[]> =>
    post(id, { method: 'custom', content: { event: 'click' } });
  const idOf = async (name: string): Promise<string> =>
    (await kernel.run(`${name}.modelId`)).result!.replace(/'/g, '');
  /** The outputs that an Output widget has in the front end, by the last message that has any. */
  const shown = (id: string): Json[] => {
    const states = kernel.published
      .filter(({ header, content }) => header.msg_type.startsWith('comm_') && content.comm_id === id)
      .map(({ content }) => (content.data as Json).state as Json | undefined);
    return (states.findLast((state) => state && 'outputs' in state)?.outputs ?? []) as Json[];
  };
  const texts = (id: string): string =>
    shown(id)
      .map(({ text, data, evalue }) => String(text ?? evalue ?? (data as Json)['text/plain']))
      .join('|');

  it('a widget is displayed by its view', async () => {
    const { results, messages } = await kernel.run(
      'const slider = new widgets.IntSlider({ value: 3 }); slider',
    );
    const data = results[0].data as Record<string, Json>;
    assert.deepEqual(data['application/vnd.jupyter.widget-view+json'], {
      version_major: 2,
      version_minor: 0,
      model_id: await idOf('slider'),
    });
    assert.equal(data['text/plain'] as unknown, 'IntSlider { value: 3 }');
    const open = of(messages, 'comm_open');
    assert.equal(open.length, 3);
    assert.deepEqual(open[2].metadata, { version: '2.1.0' });
  });

  it('a slider that is moved is echoed under its message, and its observers print there', async () => {
    await kernel.run('slider.observe("value", ({ new: now }) => console.log("now", now));');
    const messages = await change(await idOf('slider'), { value: 8 });
    const [echo] = of(messages, 'comm_msg');
    assert.deepEqual(echo.content.data, { method: 'echo_update', state: { value: 8 }, buffer_paths: [] });
    assert.equal(of(messages, 'stream')[0].content.text, 'now 8\n');
    assert.equal((await kernel.run('slider.value')).result, '8');
  });

  it('a bad value gives an error under its message, and ends nothing', async () => {
    const messages = await change(await idOf('slider'), { value: 'x' });
    assert.match(
      String(of(messages, 'error')[0].content.evalue),
      /IntSlider\.value .* whole number, not 'x'/,
    );
    assert.equal((await kernel.run('slider.value')).result, '8');
  });

  it('a page that is loaded again gets all states over the control comm', async () => {
    const comm_id = 'control';
    await kernel.passed(
      kernel.send('shell', 'comm_open', { comm_id, target_name: 'jupyter.widget.control', data: {} }),
    );
    const messages = await post(comm_id, { method: 'request_states' });
    const data = of(messages, 'comm_msg')[0].content.data as Json;
    const state = (data.states as Record<string, Json>)[await idOf('slider')].state as Json;
    assert.deepEqual([data.method, state.value, state._view_name], ['update_states', 8, 'IntSliderView']);
  });

  it('an Output shows what is captured: prints, displays, updates, errors, and later what timers print', async () => {
    const { stdout, displays, error } = await kernel.run(
      `const out = new widgets.Output();
       console.log("before");
       const result = out.capture(() => {
         console.log("one"); console.log("two");
         globalThis.handle = display({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "shown" }) });
         setTimeout(() => console.log("later"), 80);
         return 5;
       });
       console.log("after", result);
       handle.update({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "updated" }) });
       out.capture(() => { throw new TypeError("in here") });
       console.log("last");`,
    );
    assert.equal(error, undefined);
    assert.equal(stdout, 'before\nafter 5\nlast\n');
    assert.deepEqual(displays, []);
    const id = await idOf('out');
    await kernel.until(() => texts(id).endsWith('later\n'));
    assert.equal(texts(id), 'one\ntwo\n|updated|in here|later\n');
    const failed = shown(id).find(({ output_type }) => output_type === 'error')!;
    assert.equal(failed.ename, 'TypeError');
    assert.match((failed.traceback as string[]).join('\n'), /In\[\d+\]:11:/);
  });

  it('an Output captures async functions to their end', async () => {
    const { stdout, error } = await kernel.run(
      `out.clearOutput();
       const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
       const got = await out.capture(async () => {
         console.log("a"); await wait(20); console.log("b"); await null; console.log("c"); return "done";
       });
       console.log(got);
       await out.capture(async () => { await wait(5); throw new Error("late"); });
       console.log("outside");`,
    );
    assert.equal(error, undefined);
    assert.equal(stdout, 'done\noutside\n');
    assert.equal(texts(await idOf('out')), 'a\nb\nc\n|late');
  });

  it('outputs within outputs, comms and what is asked for inside of them go where they belong', async () => {
    const { messages, stdout } = await kernel.run(
      `const inner = new widgets.Output(), outer = new widgets.Output();
       outer.capture(() => { console.log("x"); inner.capture(() => console.log("y")); console.log("z"); slider.value = 9; });
       console.log("end")`,
    );
    assert.equal(stdout, 'end\n');
    assert.deepEqual([texts(await idOf('outer')), texts(await idOf('inner'))], ['x\nz\nnow 9\n', 'y\n']);
    const changes = of(messages, 'comm_msg').map(({ content }) => (content.data as Json).state as Json);
    assert.ok(changes.some(({ value }) => value === 9));
  });

  it('a flood of lines goes to an Output in few messages, whole', async () => {
    const { messages } = await kernel.run(
      'out.clearOutput(); out.capture(() => { for (let i = 0; i < 20_000; i++) console.log(i) })',
    );
    const sent = of(messages, 'comm_msg').length;
    assert.ok(sent < 60, `${sent} messages`);
    const lines = texts(await idOf('out'))
      .trim()
      .split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [20_000, '19999']);
  });

  it('a click that takes long holds up no other widget, and an interrupt ends it', async () => {
    await kernel.run(
      `const train = new widgets.Button(), stop = new widgets.Button(); let stopped = false;
       train.onClick(async () => { while (!stopped) await wait(5); console.log("trained"); });
       stop.onClick(() => { stopped = true; });`,
    );
    const [first, second] = [await idOf('train'), await idOf('stop')];
    await click(first);
    await click(second);
    await kernel.until(({ content }) => content.text === 'trained\n');
    await kernel.run('stopped = false');
    const id = kernel.send('shell', 'comm_msg', {
      comm_id: first,
      data: { method: 'custom', content: { event: 'click' } },
    });
    await kernel.passed(id);
    await kernel.interrupt();
    const { content } = await kernel.until(
      ({ header, parent }) => header.msg_type === 'error' && parent.msg_id === id,
    );
    assert.equal(content.ename, 'KernelInterrupt');
    await kernel.run('stopped = true');
  });

  it('a slider answers in a subshell while a cell runs, and each prints under its own', async () => {
    const { subshell_id } = await kernel.ask('create_subshell_request', {}, 'control');
    const [comm_id, stopId] = [await idOf('slider'), await idOf('stop')];
    const { id, done } = kernel.submit(
      'stopped = false; while (!stopped) await wait(5); console.log("cell is over")',
    );
    const moved = kernel.send(
      'shell',
      'comm_msg',
      { comm_id, data: { method: 'update', state: { value: 11 }, buffer_paths: [] } },
      { subshell: String(subshell_id) },
    );
    const messages = await kernel.passed(moved);
    assert.equal(of(messages, 'stream')[0].content.text, 'now 11\n');
    await kernel.passed(
      kernel.send(
        'shell',
        'comm_msg',
        { comm_id: stopId, data: { method: 'custom', content: { event: 'click' } } },
        { subshell: String(subshell_id) },
      ),
    );
    const { stdout } = await done;
    assert.equal(stdout, 'cell is over\n');
    assert.deepEqual(of(kernel.of(id), 'comm_msg'), []);
  });

  it('an error in an async handler is shown under its message', async () => {
    await kernel.run(
      'const failing = new widgets.Button(); failing.onClick(async () => { await wait(10); throw new Error("no") })',
    );
    const id = kernel.send('shell', 'comm_msg', {
      comm_id: await idOf('failing'),
      data: { method: 'custom', content: { event: 'click' } },
    });
    const { content } = await kernel.until(
      ({ header, parent }) => header.msg_type === 'error' && parent.msg_id === id,
    );
    assert.equal(content.evalue, 'no');
  });

  it('interact: controls by the description, the function again with every change, its errors in the output', async () => {
    const { displays, error } = await kernel.run(
      `const square = ({ n, scale, name, on }) => { console.log(name, on); if (n === 7) throw new RangeError("seven"); return n * n * scale; };
       const parts = widgets.interactive(square, { n: [0, 10], scale: 0.5, name: "x", on: true });
       display(parts);`,
    );
    assert.equal(error, undefined);
    assert.equal(displays.length, 1);
    const { result } = await kernel.run(
      'Object.values(parts.controls).map((c) => [c.modelName, c.description, c.value].join(" ")).join("|")',
    );
    assert.equal(result, "'IntSlider n 5|FloatSlider scale 0.5|Text name x|Checkbox on true'");
    const [out, n] = [await idOf('parts.output'), await idOf('parts.controls.n')];
    assert.equal(texts(out), 'x true\n|12.5');
    await change(n, { value: 6 });
    assert.equal(texts(out), 'x true\n|18');
    const messages = await change(n, { value: 7 });
    assert.deepEqual(of(messages, 'error'), []);
    assert.equal(texts(out), 'x true\n|seven');
    await change(n, { value: 2 });
    assert.equal(texts(out), 'x true\n|2');
  });

  it('interact: a function that is busy misses values in between, and sees the last', async () => {
    const { displays } = await kernel.run(
      `const seen = [];
       const slow = widgets.interactive(async ({ n }) => { seen.push(n); await wait(100); console.log("for", n); }, { n: [0, 100] });
       display(slow);`,
    );
    assert.equal(displays.length, 1);
    const [out, n] = [await idOf('slow.output'), await idOf('slow.controls.n')];
    assert.equal(texts(out), 'for 50\n'); // the cell waited for the first
    for (let value = 1; value <= 10; value++) await change(n, { value });
    await kernel.until(() => texts(out) === 'for 10\n');
    const { result } = await kernel.run('JSON.stringify(seen)');
    assert.equal(result, "'[50,1,10]'");
  });
});

// Widgets as their users have them: traits, options, boxes, links, text form; without a front end.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { widgets } from '../../src/index.js';

describe('widgets', () => {
  it('work without a front end, and have a text form', () => {
    const slider = new widgets.IntSlider({ value: 3, max: 10, description: 'n', layout: { width: '3cm' } });
    slider.value = 4;
    assert.equal(slider.value, 4);
    assert.equal(inspect(slider), "IntSlider { description: 'n', max: 10, value: 4 }");
    const bundle = (slider as unknown as Record<symbol, () => unknown>)[Symbol.for('Jupyter.display')]();
    assert.deepEqual(bundle, { 'text/plain': "IntSlider { description: 'n', max: 10, value: 4 }" });
    assert.equal(
      inspect(new widgets.HBox([new widgets.Label({ value: 'a' })])),
      "HBox { children: [ Label { value: 'a' } ] }",
    );
    slider.close();
    assert.equal(inspect(slider), 'IntSlider (closed)');
  });

  it('are typed by their traits and options', () => {
    const slider = new widgets.FloatSlider();
    const value: number = slider.value;
    const size = new widgets.Dropdown({
      options: [
        ['small', 1],
        ['large', 2],
      ],
    });
    const chosen: number | null = size.value;
    const letter = new widgets.RadioButtons({ options: ['a', 'b'] });
    const one: 'a' | 'b' | null = letter.value;
    // @ts-expect-error a slider's value is a number
    const wrong: string = slider.value;
    assert.throws(
      // @ts-expect-error no such trait
      () => slider.observe('valeu', () => undefined),
      /FloatSlider has no trait valeu; did you mean value\?/,
    );
    assert.throws(
      // @ts-expect-error not a number
      () => new widgets.FloatSlider({ value: 'high' }),
      /FloatSlider\.value must be a finite number, not 'high'/,
    );
    assert.deepEqual([value, chosen, one, wrong], [0, 1, 'a', 0]);
  });

  it('refuse what a trait can not be, and say which and why', () => {
    const bad: [() => unknown, RegExp][] = [
      [
        () => new widgets.IntSlider({ value: 2.5 }),
        /^WidgetError: IntSlider\.value must be a whole number, not 2\.5/,
      ],
      [() => new widgets.IntSlider({ max: NaN }), /IntSlider\.max must be a whole number, not NaN/],
      [() => new widgets.IntSlider({ min: 5, max: 1 }), /IntSlider\.min \(5\) is above its max \(1\)/],
      [
        () => new widgets.IntSlider({ continuous_update: false } as never),
        /no trait continuous_update; did you mean continuousUpdate\?/,
      ],
      [
        () => new widgets.IntSlider({ orientation: 'diagonal' as never }),
        /orientation must be one of 'horizontal', 'vertical', not 'diagonal'/,
      ],
      [
        () => new widgets.IntSlider({ layout: 'wide' as never }),
        /layout must be a Layout or an object with its properties/,
      ],
      [
        () => new widgets.IntSlider({ layout: { widthh: '5px' } as never }),
        /Layout has no trait widthh; did you mean width\?/,
      ],
      [
        () => new widgets.IntRangeSlider({ value: [9, 2] }),
        /value must be a range whose first number is not above/,
      ],
      [() => new widgets.FloatLogSlider({ base: 1 }), /base must be above 1/],
      [() => new widgets.HBox([3 as never]), /HBox\.children\[0\] must be a widget, not 3/],
      [() => new widgets.Image({ value: 'png' as never }), /Image\.value must be bytes/],
      [() => widgets.Image.fromFile('/no/such.png'), /The picture \/no\/such\.png can't be read/],
      [
        () => new widgets.Dropdown({ options: ['a', 'b'], value: 'c' as never }),
        /Dropdown\.value 'c' is not among its options \(a, b\)/,
      ],
      [
        () => new widgets.Dropdown({ options: ['a'], index: 1 }),
        /Dropdown\.index 1 is not among its options/,
      ],
      [() => new widgets.Dropdown({ options: 5 as never }), /options must be an array, an object or a Map/],
      [
        () => new widgets.Tab({ children: [], selectedIndex: 2 }),
        /Tab\.selectedIndex 2 is none of its 0 children/,
      ],
    ];
    for (const [make, message] of bad) assert.throws(make, message);
  });

  it('keep a value between its limits, as ipywidgets does', () => {
    const slider = new widgets.IntSlider({ value: 500 });
    assert.equal(slider.value, 100);
    slider.max = 20;
    assert.equal(slider.value, 20);
    const range = new widgets.FloatRangeSlider({ value: [-5, 50] });
    assert.deepEqual(range.value, [0, 50]);
    assert.equal(new widgets.FloatLogSlider({ value: 1e9 }).value, 1e4);
  });

  it('with options: value, label and index go together', () => {
    const none = new widgets.Select({ options: ['a', 'b'], value: null });
    assert.deepEqual([none.value, none.index], [null, null]);
    const map = new widgets.Dropdown({
      options: new Map([
        ['one', { n: 1 }],
        ['two', { n: 2 }],
      ]),
    });
    assert.deepEqual([map.value, map.label, map.index], [{ n: 1 }, 'one', 0]);
    const seen: unknown[] = [];
    map.observe('value', ({ new: now }) => seen.push(now));
    map.index = 1;
    map.label = 'one';
    map.value = { n: 2 };
    assert.deepEqual(seen, [{ n: 2 }, { n: 1 }, { n: 2 }]);
    map.options = { three: { n: 3 }, two: { n: 2 } };
    assert.deepEqual([map.value, map.index], [{ n: 2 }, 1]);
    map.options = { four: { n: 4 } };
    assert.deepEqual([map.value, map.label, map.index], [{ n: 4 }, 'four', 0]);
    map.options = [];
    assert.deepEqual([map.value, map.index], [null, null]);

    const many = new widgets.SelectMultiple({ options: ['a', 'b', 'c'], value: ['c', 'a'] });
    assert.deepEqual(
      [many.index, many.label],
      [
        [2, 0],
        ['c', 'a'],
      ],
    );
    many.index = [1];
    assert.deepEqual(many.value, ['b']);
    assert.throws(() => (many.index = [7]), /index 7 is not among/);
  });

  it('a Tab shows its first page, an Accordion none, and neither one that has gone', () => {
    const pages = [new widgets.Label(), new widgets.Label()];
    const tab = new widgets.Tab({ children: pages, titles: ['a', 'b'] });
    assert.equal(tab.selectedIndex, 0);
    assert.equal(new widgets.Accordion({ children: pages }).selectedIndex, null);
    tab.selectedIndex = 1;
    tab.children = pages.slice(1);
    assert.equal(tab.selectedIndex, 0);
    tab.children = [];
    assert.equal(tab.selectedIndex, null);
  });

  it('links keep traits the same until they are ended', () => {
    const [a, b] = [new widgets.IntSlider({ value: 3 }), new widgets.FloatText()];
    const both = widgets.link([a, 'value'], [b, 'value'], {
      transform: [(n: number) => n / 3, (n: number) => Math.round(n * 3)],
    });
    assert.equal(b.value, 1);
    b.value = 0.34;
    assert.deepEqual([a.value, b.value], [1, 0.34]);
    both.unlink();
    a.value = 90;
    assert.equal(b.value, 0.34);
    const c = new widgets.IntText();
    widgets.dlink([a, 'value'], [c, 'value']);
    c.value = 1;
    assert.equal(a.value, 90);
    a.value = 91;
    assert.equal(c.value, 91);
    const menu = new widgets.Dropdown({ options: ['a'] });
    assert.throws(
      () => widgets.jslink([menu, 'value'], [c, 'value']),
      /knows no value of a Dropdown; link its index/,
    );
  });

  it('a border is four', () => {
    const layout = new widgets.Layout({ border: '1px solid red' });
    assert.deepEqual([layout.borderTop, layout.borderLeft], ['1px solid red', '1px solid red']);
  });
});

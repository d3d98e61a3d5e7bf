// What is taken out of a notebook, and that nothing else of its text changes.
import assert from 'node:assert/strict';
import { cleanNotebook } from '../../src/runner/clean.js';
import { RunError } from '../../src/runner/index.js';
import { code, sample, tagged } from './samples.js';

const clean = (text: string): string => cleanNotebook(text, 'n.ipynb');

/** As Jupyter has written it after a run, here and there in a way of its own. */
const RUN = `{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": 3,
   "id": "a-1",
   "metadata": {"collapsed": true, "tags": ["x"], "scrolled": false, "vscode": {"languageId": "typescript"},
    "execution": {"iopub.status.busy": "2026-01-01T00:00:00Z"}
   },
   "outputs": [
    {"output_type": "stream", "name": "stdout", "text": ["]}\\"outputs\\": [1"]}
   ],
   "source": ["1.50 /* \\u00e9 é \\/ */"]
  },
  {"cell_type":"markdown","id":"b","metadata":{"papermill":{},"hidden":true},"source":"x","attachments":{"a.png":{"image/png":"AA=="}}},
  { "outputs" : [ ], "cell_type": "code", "execution_count" : null, "id": "c", "metadata": { }, "source": [] }
 ],
 "metadata": {
  "widgets": {"application/vnd.jupyter.widget-state+json": {}},
  "kernelspec": {"name": "cellgrad"},
  "n": 1.0e3, "big": 12345678901234567890
 },
 "nbformat": 4, "nbformat_minor": 5
}`;

const CLEANED = `{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "a-1",
   "metadata": {"tags": ["x"], "vscode": {"languageId": "typescript"}
   },
   "outputs": [],
   "source": ["1.50 /* \\u00e9 é \\/ */"]
  },
  {"cell_type":"markdown","id":"b","metadata":{},"source":"x","attachments":{"a.png":{"image/png":"AA=="}}},
  { "outputs" : [], "cell_type": "code", "execution_count" : null, "id": "c", "metadata": { }, "source": [] }
 ],
 "metadata": {
  "kernelspec": {"name": "cellgrad"},
  "n": 1.0e3, "big": 12345678901234567890
 },
 "nbformat": 4, "nbformat_minor": 5
}`;

describe('a cleaned notebook', () => {
  it('has lost outputs, counts and volatile metadata, and is otherwise the same text', () => {
    assert.equal(clean(RUN), CLEANED);
    assert.equal(clean(CLEANED), CLEANED);
  });

  for (const [what, text] of [
    ['Windows’ line ends', RUN.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${RUN}`],
    ['a line end', `${RUN}\n`],
    ['no spaces', JSON.stringify(JSON.parse(RUN))],
    [
      'another order',
      JSON.stringify(
        JSON.parse(RUN),
        Object.keys(allKeys(JSON.parse(RUN)))
          .sort()
          .reverse(),
        4,
      ),
    ],
  ])
    it(`with ${what} keeps it`, () => {
      const cleaned = clean(text);
      const json = (given: string): unknown => JSON.parse(given.replace('\uFEFF', ''));
      assert.deepEqual(json(cleaned), json(clean(JSON.stringify(json(text)))));
      assert.equal(cleaned.includes('\r\n'), text.includes('\r\n'));
      assert.equal(cleaned.startsWith('\uFEFF'), text.startsWith('\uFEFF'));
      assert.equal(cleaned.endsWith('\n'), text.endsWith('\n'));
      assert.equal(clean(cleaned), cleaned);
    });

  const result = { output_type: 'execute_result', data: {}, metadata: {}, execution_count: 2 };
  const outputs = (text: string): unknown[] =>
    (JSON.parse(clean(text)) as { cells: { outputs: unknown[] }[] }).cells.map((cell) => cell.outputs);

  it('keeps the outputs of cells that say so, without their counts', () => {
    const kept = [{ ...result, execution_count: null }];
    const text = sample([
      { ...tagged('1', 'keep_output'), outputs: [result] },
      code('2', { metadata: { keep_output: true }, outputs: [result] }),
      code('3', { outputs: [result] }),
    ]);
    assert.deepEqual(outputs(text), [kept, kept, []]);
    assert.deepEqual(outputs(sample([code('1', { outputs: [result] })], { keep_output: true })), [kept]);
  });

  it('may be new: nothing stays nothing', () => assert.equal(clean('\n'), '\n'));

  for (const [what, text] of [
    ['no JSON', '{"cells": [<<<<<<< HEAD'],
    ['of format 3', '{"nbformat":3,"worksheets":[]}'],
    ['another JSON', '{}'],
  ])
    it(`that is ${what} is refused in a sentence`, () => {
      assert.throws(
        () => clean(text),
        (error) => error instanceof RunError && error.message.startsWith('n.ipynb is '),
      );
    });
});

function allKeys(value: unknown, keys: Record<string, true> = {}): Record<string, true> {
  if (typeof value === 'object' && value !== null)
    for (const [key, each] of Object.entries(value)) {
      if (!Array.isArray(value)) keys[key] = true;
      allKeys(each, keys);
    }
  return keys;
}

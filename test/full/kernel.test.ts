// The kernel under Jupyter's own programs: the official conformance tests, the probe of kernels, nbclient,
// nbconvert and papermill.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { needsShared, sharedPath } from '../support/fixtures.js';

const venv = process.env.CELLGRAD_VENV;
const TOUR = resolve('notebooks/00-tour.ipynb');

interface Output {
  output_type: string;
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
}
interface Notebook {
  cells: { cell_type: string; source: string | string[]; outputs?: Output[] }[];
}

const cell = (source: string, tags: string[] = []): object => ({
  cell_type: 'code',
  execution_count: null,
  id: `c${source.length}`,
  metadata: tags.length ? { tags } : {},
  outputs: [],
  source,
});

const SMALL = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {
    kernelspec: { name: 'cellgrad', display_name: 'TypeScript (cellgrad)', language: 'typescript' },
    language_info: { name: 'typescript' },
  },
  cells: [
    cell('let times: number = 2;', ['parameters']),
    cell(
      'interface Film { side: "L" | "R" }\nconst films: Film[] = [{ side: "L" }, { side: "R" }];\nfilms.length * times',
    ),
    cell('console.log("printed"); display({ "text/html": "<b>shown</b>" }, { raw: true });'),
    cell('await new Promise<string>((done) => setTimeout(done, 20, "awaited"))'),
  ],
};

describe('under Jupyter', function () {
  let folder: string;
  before(function () {
    if (!venv) {
      console.log('      skipped: Jupyter’s programs are not here; npm run test:full installs them');
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-jupyter-'));
    writeFileSync(join(folder, 'small.ipynb'), JSON.stringify(SMALL));
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  function called(name: string, args: string[]): { status: number | null; stdout: string; stderr: string } {
    const { error, ...ended } = spawnSync(join(venv!, 'bin', name), args, {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: {
        ...process.env,
        JUPYTER_CONFIG_DIR: join(folder, 'config'),
        IPYTHONDIR: join(folder, 'ipython'),
        CELLGRAD_HISTORY: join(folder, 'history.sqlite'),
      },
    });
    assert.equal(error, undefined);
    return ended;
  }

  function program(name: string, args: string[]): string {
    const { status, stdout, stderr } = called(name, args);
    assert.equal(status, 0, `${name} ${args.join(' ')}:\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
    return stdout;
  }

  const outputs = (file: string): Output[] => {
    const { cells } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Notebook;
    return cells.flatMap((each) => each.outputs ?? []);
  };

  function checkSmall(file: string, first: string): void {
    const text = (given: unknown): string => (Array.isArray(given) ? given.join('') : String(given));
    const seen = outputs(file).map(({ output_type, text: printed, data }) =>
      output_type === 'stream' ? text(printed) : text(data?.['text/html'] ?? data?.['text/plain']),
    );
    assert.deepEqual(seen, [first, 'printed\n', '<b>shown</b>', "'awaited'"]);
  }

  it('passes the official jupyter_kernel_test', function () {
    needsShared(this);
    const { tests } = JSON.parse(
      program('python', [sharedPath('kernel/ktests.py'), 'cellgrad', 'typescript']),
    ) as {
      tests: Record<string, [status: string, why: string][]>;
    };
    assert.ok(Object.keys(tests).length >= 13);
    const skipped = (name: string): boolean => name === 'test_pager'; // a kernel without a pager
    const bad = Object.entries(tests).filter(
      ([name, results]) => !skipped(name) && results.some(([status]) => status !== 'pass'),
    );
    assert.deepEqual(bad, []);
  });

  it('behaves under the probe of kernels', function () {
    needsShared(this);
    const out = join(folder, 'probe.json');
    program('python', [sharedPath('kernel/kprobe.py'), 'cellgrad', '--lang', 'typescript', '--out', out]);
    const found = JSON.parse(readFileSync(out, 'utf8')) as Record<string, unknown>;
    const at = (path: string): unknown =>
      path
        .split('.')
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], found);
    // its 4 s for a first completion are short on a busy machine; test/kernel/language.test.ts looks at those
    const wanted: Record<string, unknown> = {
      'start.protocol': '5.4',
      'start.interrupt_mode': 'message',
      'latency200.idle_lost': 0,
      'tla_import.tla.ok': true,
      'tla_import.imp.ok': true,
      'tla_import.imp2.ok': true,
      'tla_import.dynimp.ok': true,
      'rich_result.types': ['execute_result'],
      'error_shape.ename': 'TypeError',
      'error_shape.evalue': 'BOOM',
      'redeclare_const.ok': true,
      'completion_inspect_iscomplete.history_reply': true,
      'display_1mb.ok': true,
      'update_display.ok': true,
      'flood.all': true,
      'flood.alive_after': true,
      'stdin_input.ok': true,
      'comm.comm_close_sent': true,
      'interrupt_loop.recovered': true,
      'interrupt_await.recovered': true,
      'busy_cpu.control_while_busy': true,
      'busy_cpu.hb_busy_within_3s': true,
      'busy_await.control_while_busy': true,
      'unhandled_rejection.alive': true,
      'unhandled_rejection.shown': true,
      'timer_exception.alive': true,
      'timer_exception.shown': true,
      'late_output.has_parent': true,
      'process_exit.kernel_died': false,
      'bad_hmac.ok': true,
      'malformed.ok': true,
      'queue_and_stop_on_error.queued_behind': 'aborted',
      'queue_and_stop_on_error.new_cell_50ms_later': 'ok',
      'graceful_shutdown.reply': true,
    };
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((path) => [path, at(path)])), wanted);
  });

  it('runs a notebook under nbclient', () => {
    program('python', [
      '-c',
      'import nbformat, nbclient\nnb = nbformat.read("small.ipynb", 4)\nnbclient.NotebookClient(nb, timeout=60).execute()\nnbformat.write(nb, "nbclient.ipynb")',
    ]);
    checkSmall('nbclient.ipynb', '4');
  });

  it('runs and exports a notebook under nbconvert', () => {
    program('jupyter-nbconvert', [
      '--to',
      'notebook',
      '--execute',
      '--output',
      'nbconvert.ipynb',
      'small.ipynb',
    ]);
    checkSmall('nbconvert.ipynb', '4');
    program('jupyter-nbconvert', ['--to', 'html', '--output', 'nbconvert.html', 'nbconvert.ipynb']);
    assert.match(readFileSync(join(folder, 'nbconvert.html'), 'utf8'), /<b>shown<\/b>/);
  });

  it('nbclient ends a cell that takes too long, and the next notebook runs', () => {
    const endless = { ...SMALL, cells: [cell('let n = 0;\nwhile (true) n++;'), cell('n > 0')] };
    writeFileSync(join(folder, 'endless.ipynb'), JSON.stringify(endless));
    program('python', [
      '-c',
      'import nbformat, nbclient\nnb = nbformat.read("endless.ipynb", 4)\nnbclient.NotebookClient(nb, timeout=2, interrupt_on_timeout=True, allow_errors=True).execute()\nnbformat.write(nb, "ended.ipynb")',
    ]);
    const [{ ename }, { data }] = outputs('ended.ipynb');
    assert.deepEqual([ename, String(data?.['text/plain'])], ['KernelInterrupt', 'true']);
    const { status, stderr } = called('jupyter-nbconvert', [
      ...['--to', 'notebook', '--execute', '--ExecutePreprocessor.timeout=2'],
      ...['--output', 'never.ipynb', 'endless.ipynb'],
    ]);
    assert.notEqual(status, 0);
    assert.match(stderr, /Timeout waiting for execute reply \(2s\)/);
  });

  it('runs a notebook under papermill', () => {
    program('papermill', ['--no-progress-bar', '-k', 'cellgrad', 'small.ipynb', 'papermill.ipynb']);
    checkSmall('papermill.ipynb', '4');
  });

  it('papermill’s parameters, written in C#, which for these is TypeScript', () => {
    const given = ['-p', 'times', '21', '-p', 'side', 'L "left"', '-p', 'flag', 'True'];
    program('papermill', [
      ...['--no-progress-bar', '-k', 'cellgrad', '-l', '.net-csharp', ...given],
      ...['small.ipynb', 'given.ipynb'],
    ]);
    checkSmall('given.ipynb', '42');
    // it knows no TypeScript
    const { status, stderr } = called('papermill', [
      '-k',
      'cellgrad',
      '-p',
      'times',
      '3',
      'small.ipynb',
      'no.ipynb',
    ]);
    assert.notEqual(status, 0);
    assert.match(stderr, /No parameter translator functions specified for kernel 'cellgrad'/);
  });

  it('papermill ends at a cell that fails, and says where', () => {
    const failing = {
      ...SMALL,
      cells: [cell('const a = 1;\nthrow new RangeError("too far");'), cell('"after"')],
    };
    writeFileSync(join(folder, 'failing.ipynb'), JSON.stringify(failing));
    const { status, stderr } = called('papermill', [
      '--no-progress-bar',
      '-k',
      'cellgrad',
      'failing.ipynb',
      'half.ipynb',
    ]);
    assert.notEqual(status, 0);
    assert.match(stderr, /PapermillExecutionError[^]*RangeError: too far/);
    const errors = outputs('half.ipynb').filter(({ output_type }) => output_type === 'error');
    assert.deepEqual(
      errors.map(({ ename, evalue }) => [ename, evalue]),
      [['RangeError', 'too far']],
    );
  });

  it('a cell that fails keeps its error in the notebook', () => {
    const failing = { ...SMALL, cells: [cell('const a: number = 1;\nthrow new Error("broken");')] };
    writeFileSync(join(folder, 'failing.ipynb'), JSON.stringify(failing));
    program('jupyter-nbconvert', [
      '--to',
      'notebook',
      '--execute',
      '--allow-errors',
      '--output',
      'failed.ipynb',
      'failing.ipynb',
    ]);
    const [{ ename, evalue }] = outputs('failed.ipynb');
    assert.deepEqual([ename, evalue], ['Error', 'broken']);
  });

  it('runs the tour under nbconvert', function () {
    this.timeout(20 * 60_000);
    program('jupyter-nbconvert', [
      ...['--to', 'notebook', '--execute', '--ExecutePreprocessor.timeout=1000'],
      ...['--output-dir', folder, '--output', 'tour.ipynb', TOUR],
    ]);
    const seen = outputs('tour.ipynb');
    assert.deepEqual(
      seen.filter(({ output_type }) => output_type === 'error'),
      [],
    );
    assert.ok(seen.filter(({ data }) => data?.['text/html'] ?? data?.['image/png']).length >= 6);
  });
});

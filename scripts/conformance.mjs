// `npm run conformance [-- PART…]`: the tests that tfjs ships, on our backend, without tfjs-node's list of tests to ignore.
// PART: parts of a test's name. test/conformance/known.json says for each test that fails why that is not ours; a failure that
// is not there, or one there that passes, is an error.
//
// tfjs-core has its tests in its npm package. tfjs-layers, tfjs-data and tfjs-converter come without theirs.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
process.chdir(root);
const require = createRequire(import.meta.url);
const folder = resolve(process.env.CELLGRAD_BUILD ?? 'build');
const built = process.argv.includes('--built'); // the build folder is up to date
const only = process.argv.slice(2).filter((argument) => argument !== '--built');
/** @type {{ why: string, specs: string[] }[]} */
const known = JSON.parse(readFileSync('test/conformance/known.json', 'utf8'));
const reasons = new Map(known.flatMap(({ why, specs }) => specs.map((spec) => [spec, why])));

if (!built && spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' }).status !== 0)
  process.exit(1);
const suite = resolve(folder, 'conformance', 'core.cjs');
await build({
  stdin: {
    contents: `
      const { setTestEnvs } = require('@tensorflow/tfjs-core/dist/jasmine_util');
      setTestEnvs([{ name: 'tensorflow', backendName: 'tensorflow', flags: {}, isDataSync: true }]);
      require('@tensorflow/tfjs-core/dist/tests');`,
    resolveDir: root,
  },
  outfile: suite,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  ignoreAnnotations: true, // the tests are imported for their effects, which the package says it has none of
  external: ['jasmine', 'jasmine-core'],
  logLevel: 'error',
});

const Jasmine = require('jasmine');
const jasmine = new Jasmine();
jasmine.exitOnCompletion = false;
jasmine.loadConfig({ random: false });
jasmine.clearReporters();
const counts = { passed: 0, failed: 0, pending: 0 };
const unexpected = [];
const seen = new Set();
jasmine.addReporter({
  suiteDone({ fullName, failedExpectations }) {
    for (const { message } of failedExpectations)
      unexpected.push(`failed around its tests: ${fullName}\n  ${message}`);
  },
  specDone({ fullName, status, failedExpectations }) {
    const name = fullName.replace(' tensorflow {} ', ' ');
    if (status in counts) counts[status]++;
    if (status === 'failed') {
      seen.add(name);
      if (!reasons.has(name))
        unexpected.push(`failed: ${name}\n  ${failedExpectations[0].message.slice(0, 400)}`);
    } else if (status === 'passed' && reasons.has(name))
      unexpected.push(`passed, but is in known.json: ${name}`);
  },
});
await import(pathToFileURL(resolve(folder, 'src', 'compute', 'tf.js')).href);
const { log, warn } = console;
console.log = console.warn = () => {}; // what the tests print
require(suite);
const began = Date.now();
await jasmine.execute(
  undefined,
  only.length ? only.map((part) => part.replace(/\W/g, '\\$&')).join('|') : undefined,
);
Object.assign(console, { log, warn });

for (const { why, specs } of known) {
  const failing = specs.filter((spec) => seen.has(spec));
  if (failing.length) console.log(`${why}\n${failing.map((spec) => `  ${spec}`).join('\n')}`);
}
for (const line of unexpected) console.log(line);
if (!only.length)
  for (const spec of reasons.keys())
    if (!seen.has(spec) && !unexpected.some((line) => line.endsWith(spec))) {
      unexpected.push(spec);
      console.log(`in known.json, but there is no such test: ${spec}`);
    }
console.log(
  `passed ${counts.passed}, failed ${counts.failed} (${unexpected.length} unexpected), ${counts.pending} switched off by tfjs; ${Math.round((Date.now() - began) / 1000)} s`,
);
process.exit(unexpected.length || !counts.passed ? 1 : 0);

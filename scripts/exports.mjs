// `npm run -s onnx -- [NAME…] [--json]` and `npm run -s tfjs -- …`: writes models (by default all) at a small size, filled by
// the zoo's rule, and compares what onnxruntime or plain TensorFlow.js makes of them with ours; exit code 1 where one differs.
// With --json the lines go to stderr, the report to stdout.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const [format, ...names] = positionals;
const { list } = await import('../build/src/models/index.js');
const { exportReport } = await import('../build/test/support/exported.js');
const say = values.json ? console.error : console.log;
const reports = [];
for (const name of names.length ? names : list()) {
  const report = await exportReport(name, format);
  reports.push(report);
  const { model, inputShape = [], pass, errors, megabytes, seconds, fault } = report;
  const size = inputShape.slice(0, -1).join('×');
  const fixed = errors?.fixed === undefined ? '' : `${errors.fixed.toExponential(1)} a batch of 2  `;
  const details =
    fault ??
    `${errors.any.toExponential(1)} any batch  ${fixed}${megabytes.toFixed(1)} MB  ${seconds.toFixed(1)} s`;
  say(`${pass ? 'pass' : 'FAIL'}  ${model.padEnd(26)} ${size.padEnd(8)} ${details}`);
}
const passed = reports.filter(({ pass }) => pass).length;
say(`${passed} of ${reports.length} pass`);
if (values.json) console.log(JSON.stringify({ pass: passed === reports.length, models: reports }, null, 1));
process.exit(passed === reports.length ? 0 : 1);

// `npm run -s onnx -- [NAME…] [--json]` and `npm run -s tfjs -- …`: writes models (by default all) at a small size, filled by
// the zoo's rule, and compares what onnxruntime or plain TensorFlow.js makes of them with ours; exit code 1 where one differs.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const [format, ...names] = positionals;
const { list } = await import('../build/src/models/index.js');
const { exportReport } = await import('../build/test/support/exported.js');
const reports = [];
for (const name of names.length ? names : list()) {
  const report = await exportReport(name, format);
  reports.push(report);
  if (values.json) continue;
  const { model, size, pass, error, megabytes, seconds, fault } = report;
  const details = fault ?? `${error.toExponential(1)}  ${megabytes.toFixed(1)} MB  ${seconds.toFixed(1)} s`;
  console.log(`${pass ? 'pass' : 'FAIL'}  ${model.padEnd(26)} ${String(size).padEnd(4)} ${details}`);
}
const passed = reports.filter(({ pass }) => pass).length;
if (values.json) console.log(JSON.stringify({ pass: passed === reports.length, models: reports }, null, 1));
else console.log(`${passed} of ${reports.length} pass`);
process.exit(passed === reports.length ? 0 : 1);

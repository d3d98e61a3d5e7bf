// `npm run -s parity -- DIR [--json] [NAME…]`: builds the model of each file in the zoo's format, fills it by the rule and
// compares it with PyTorch's results, then a step of training of each model in its gradients.json; exit code 1 where one differs.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const [folder, ...names] = positionals;
if (!folder) {
  console.error('Usage: npm run -s parity -- DIR [--json] [NAME…]');
  process.exit(2);
}
const { parity, zooFiles } = await import('../build/test/support/parity.js');
const { gradientParity, gradientRuns } = await import('../build/test/support/gradients.js');
const only = names.length ? (model) => names.includes(model) : undefined;
const models = [];
const gradients = [];
const number = (x) => (x === undefined ? '' : x.toExponential(1));

function note(list, report, what = '') {
  list.push(report);
  if (values.json) return;
  const { model, pass, error, worst, faults } = report;
  const details = faults.length
    ? faults.slice(0, 3).join('; ') + (faults.length > 3 ? `; and ${faults.length - 3} more` : '')
    : `worst: ${worst.tensor}, ${number(worst.error)}`;
  console.log(
    `${pass ? 'pass' : 'FAIL'}  ${(model + what).padEnd(26)} ${number(error).padEnd(8)} ${details}`,
  );
}
try {
  for (const zoo of zooFiles(folder, only)) note(models, await parity(zoo));
  for (const [name, run] of gradientRuns(folder, only))
    note(gradients, await gradientParity(name, run), ', gradients');
} catch (error) {
  console.error(`The folder can't be compared with: ${error.message}`);
  process.exit(2);
}

const reports = [...models, ...gradients];
const passed = reports.filter(({ pass }) => pass).length;
const pass = reports.length > 0 && passed === reports.length;
if (values.json) console.log(JSON.stringify({ pass, models, gradients }, null, 1));
else console.log(`${passed} of ${reports.length} pass`);
if (!reports.length) console.error(`${folder} holds no file in the zoo's format.`);
process.exitCode = pass ? 0 : 1;

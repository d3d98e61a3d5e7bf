// A process that fetches the wheel it is given as JSON, as a notebook would: `node fetch-wheel.js WHEEL`.

import { fromWheel, progressPrinter, type Wheel } from '../../src/compute/wheel.js';

try {
  process.stdout.write(
    await fromWheel(JSON.parse(process.argv[2]) as Wheel, { onProgress: progressPrinter() }),
  );
} catch (error) {
  process.stderr.write((error as Error).message);
  process.exitCode = 1;
}

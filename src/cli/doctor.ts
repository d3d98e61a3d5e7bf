// `cellgrad doctor`: what works here and what doesn't.
import { doctor } from '../compute/doctor.js';

export async function runDoctor(flags: { json?: boolean }): Promise<number> {
  const { text, json, ok } = await doctor();
  process.stdout.write(flags.json ? `${JSON.stringify(json, null, 2)}\n` : `${text.trimEnd()}\n`);
  return ok ? 0 : 1;
}

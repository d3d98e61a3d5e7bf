// `cellgrad doctor`: what works here and what doesn't.
interface Report {
  text: string;
  json: object;
  ok: boolean;
}

export async function runDoctor(flags: { json?: boolean }): Promise<number> {
  const place = '../compute/doctor.js';
  const { doctor } = (await import(place)) as { doctor(): Promise<Report> };
  const { text, json, ok } = await doctor();
  process.stdout.write(flags.json ? `${JSON.stringify(json, null, 2)}\n` : `${text.trimEnd()}\n`);
  return ok ? 0 : 1;
}

// What the commands under `cellgrad data` do.
import { createInterface } from 'node:readline/promises';
import * as data from '../data/index.js';
import type { ManifestDescription } from '../data/index.js';
import { card, listTable } from '../data/sets/card.js';
import { isAccepted, licenceText } from '../data/sets/licence.js';
import type { GetFlags, VerifyFlags } from './data.js';
import { UsageError } from './errors.js';
import { codeOf, stopSignals } from './signals.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

export function list({ json }: { json?: boolean }): number {
  const sets = data.list();
  if (json) {
    say(JSON.stringify(sets, null, 2));
    return 0;
  }
  say(listTable(sets)['text/plain']);
  return 0;
}

export function info(name: string, { json }: { json?: boolean }): number {
  const description = known(() => data.info(name));
  const width = process.stdout.columns || 100;
  say(json ? JSON.stringify(description, null, 2) : card(description, { width })['text/plain']);
  return 0;
}

export async function get(name: string, { root, accept, parallel, keepArchives }: GetFlags): Promise<number> {
  const description = known(() => data.info(name));
  const { signal, received, release } = stopSignals();
  try {
    const results = await data.get(name, {
      root,
      parallel,
      keepArchives,
      accept: accept ?? (await asked(description)),
      signal,
    });
    for (const result of results)
      say(
        `${result.name}: ${result.files} files in ${result.root}` +
          (result.skipped.length ? `; ${result.skipped.length} links in its archives were left out` : ''),
      );
    return 0;
  } catch (error) {
    const stop = received();
    if (!stop) throw refusal(error);
    tell('Interrupted. What came so far is kept; the same command goes on there.');
    return codeOf(stop);
  } finally {
    release();
  }
}

export async function verify(name: string, { root, checksums, json }: VerifyFlags): Promise<number> {
  let report: data.SetReport;
  try {
    report = await data.verify(name, { root, checksums });
  } catch (error) {
    throw refusal(error);
  }
  if (json) say(JSON.stringify(report, null, 2));
  else {
    const { title, images, counts, expected, compared, missing, surplus, altered } = report;
    say(`${title}, in ${report.root}`);
    const classes = Object.entries(counts).map(([label, n]) => `${n} ${label}`);
    const wanted = expected?.images === undefined ? '' : `; its authors count ${expected.images}`;
    say(`${images} images: ${classes.join(', ')}${wanted}.`);
    say(
      compared
        ? `${altered.length} files altered.`
        : 'Checksums were not compared: there is nothing to compare with.',
    );
    for (const [what, paths] of Object.entries({ missing, altered, surplus })) {
      if (paths.length) say(`${paths.length} ${what}:`);
      for (const path of paths.slice(0, 20)) say(`  ${path}`);
      if (paths.length > 20) say(`  and ${paths.length - 20} more (--json lists all)`);
    }
    say(report.ok ? 'Whole.' : 'Not whole.');
  }
  return report.ok ? 0 : 1;
}

function known(read: () => ManifestDescription): ManifestDescription {
  try {
    return read();
  } catch (error) {
    throw refusal(error);
  }
}

/** What is wrong with data, or with what was asked for, as a sentence. */
function refusal(error: unknown): unknown {
  if (!(error instanceof data.DataError)) return error;
  return new UsageError(error.message, error.code === 'name' ? 2 : 1);
}

/** On a terminal, the licence is shown and asked for; elsewhere --accept says it. */
async function asked(description: ManifestDescription): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || isAccepted(description)) return false;
  if (!description.download?.files) return false;
  tell(licenceText(description));
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question('Do you accept it? [y/N] ')).trim());
  } finally {
    prompt.close();
  }
}

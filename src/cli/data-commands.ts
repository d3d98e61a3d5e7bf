// What the commands under `cellgrad data` do.
import { createInterface } from 'node:readline/promises';
import * as data from '../data/index.js';
import type { ManifestDescription } from '../data/index.js';
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
  const rows = sets.map(({ name, modality, images, access, here, title }) => [
    name,
    modality,
    images === undefined ? '' : String(images),
    here ? 'here' : access,
    title,
  ]);
  const table = [['NAME', 'MODALITY', 'IMAGES', 'ACCESS', 'TITLE'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    say(
      row
        .map((cell, i) => (i === 2 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
    );
  return 0;
}

export function info(name: string, { json }: { json?: boolean }): number {
  const description = known(() => data.info(name));
  say(json ? JSON.stringify(description, null, 2) : describe(description));
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

function describe(set: ManifestDescription): string {
  const { download: how, counts } = set;
  const numbers = [
    counts?.images && `${counts.images} ${set.unit ?? 'image'}s`,
    counts?.patients && `${counts.patients} patients`,
  ].filter(Boolean);
  const classes = set.classes?.map((c) => (counts?.classes?.[c] ? `${c} (${counts.classes[c]})` : c));
  const parts = set.parts?.map(
    (part) =>
      `${part.set}: ${Object.entries(part.labels)
        .map(([from, to]) => `${from} → ${to}`)
        .join(', ')}`,
  );
  const files = how?.files?.length;
  const access = [
    files && `cellgrad data get ${set.name} (${files} file${files === 1 ? '' : 's'})`,
    ...(how?.steps ?? []),
    how?.note,
    (how?.untried ?? how?.files?.some((file) => file.untried)) &&
      'Nobody has tried these addresses with this program yet.',
  ];
  const rows: [string, unknown][] = [
    ['', set.description],
    ['Holds', [set.modality, ...numbers].filter(Boolean).join(', ')],
    ['Classes', classes?.join(', ')],
    ['Splits', set.splits],
    ['Licence', [set.licence, set.allows].filter(Boolean).join('. ')],
    ['Cite', set.citation],
    ['DOI', set.doi],
    ['Home page', set.homepage],
    ['Combined of', parts],
    ['To get it', access.filter(Boolean)],
    ['Faults', set.faults],
    ['Checked', set.checked],
  ];
  const lines = rows.flatMap(([label, value]) => {
    const items = [value].flat().filter((item) => item !== undefined && item !== '') as string[];
    const texts = items.flatMap((item) => wrapped(item, (process.stdout.columns || 100) - 12));
    return texts.map((text, i) => `${(i === 0 ? label : '').padEnd(12)}${text}`);
  });
  return [`${set.title} (${set.name})`, ...lines.map((line) => line.trimEnd())].join('\n');
}

/** Lines of whole words. */
function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines;
}

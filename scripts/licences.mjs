// The licences of the packages whose files are bundled, as one text.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LINE = '='.repeat(80);

/** @param files what was bundled, from the root */
export function licences(root, files) {
  const folders = new Set();
  for (const file of files) {
    const folder = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0];
    if (folder) folders.add(folder);
  }
  const parts = [...folders].map((folder) => part(join(root, folder))).sort();
  return `What the bundles in this folder (*.cjs) are made of, and the licence of each package.\n\n${[...new Set(parts)].join('\n')}`;
}

function part(folder) {
  const { name, version, license, licenses, author } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const kind = license?.type ?? license ?? licenses?.map((l) => l.type).join(' or ');
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (!kind && !texts.length) throw new Error(`${name} names no licence, so that it can't be bundled.`);
  const by = author?.name ?? (typeof author === 'string' ? author : undefined);
  const text = texts.length
    ? texts.join('\n\n')
    : `${by ? `By ${by}. ` : ''}The package holds no text of its licence.`;
  return `${LINE}\n${name} ${version}${kind ? `: ${kind}` : ''}\n${LINE}\n\n${text}\n`;
}

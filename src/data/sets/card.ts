// The described sets as people read them: a line each, or one on a card; for terminals and for notebooks.

import { xml } from '../../markup.js';
import { figureTable } from '../../table/figures.js';
import type { ManifestDescription } from './description.js';
import type { Listed } from './catalogue.js';

interface Shown {
  'text/plain': string;
  'text/html': string;
}

/** Gives a value the looks that a notebook shows. */
export const shownAs = <T extends object>(value: T, shown: (value: T) => Shown): T =>
  Object.defineProperty(value, Symbol.for('Jupyter.display'), { value: () => shown(value) });

const columns = ['name', 'modality', 'images', 'access', 'title'];

/** A line a set. */
export function listTable(sets: readonly Listed[]): Shown {
  const rows = sets.map(({ name, modality, images, access, here, title }) => [
    name,
    modality,
    images === undefined ? '' : String(images),
    here ? 'here' : access,
    title,
  ]);
  const texts = columns.filter((column) => column !== 'images');
  return figureTable(columns, rows, 'More on one: data.info(name), or cellgrad data info NAME.', texts);
}

/** All that is known of a set. `width` is the text's, in letters. */
export function card(set: ManifestDescription, { width = 100 }: { width?: number } = {}): Shown {
  const title = `${set.title} (${set.name})`;
  const facts = factsOf(set);
  const lines = facts.flatMap(([label, items]) =>
    items
      .flatMap((item) => wrapped(item, width - 12))
      .map((text, i) => `${(i === 0 ? label : '').padEnd(12)}${text}`),
  );
  const rows = facts.map(
    ([label, items]) =>
      `<tr><th style="text-align:left;vertical-align:top;white-space:nowrap">${label}</th><td style="text-align:left">${items.map(linked).join('<br>')}</td></tr>`,
  );
  return {
    'text/plain': [title, ...lines].join('\n'),
    'text/html': `<table><caption style="text-align:left"><b>${xml(title)}</b></caption><tbody>${rows.join('')}</tbody></table>`,
  };
}

/** Text with its addresses as links. */
const linked = (text: string): string =>
  xml(text).replace(/https?:\/\/[^\s<>"]*[^\s<>".,;:)]/g, (url) => `<a href="${url}">${url}</a>`);

function factsOf(set: ManifestDescription): [label: string, items: string[]][] {
  const { download: how, counts } = set;
  const numbers = [
    counts?.images && `${counts.images} ${set.unit ?? 'image'}s`,
    counts?.patients && `${counts.patients} patients`,
  ];
  const classes = set.classes?.map((c) => (counts?.classes?.[c] ? `${c} (${counts.classes[c]})` : c));
  const parts = set.parts?.map(
    (part) =>
      `${part.set}: ${Object.entries(part.labels)
        .map(([from, to]) => `${from} → ${to}`)
        .join(', ')}`,
  );
  const files = how?.files?.length;
  const untried = how?.untried ?? how?.files?.some((file) => file.untried);
  const access = [
    files && `cellgrad data get ${set.name} (${files} file${files === 1 ? '' : 's'})`,
    parts && `cellgrad data get ${set.name} fetches its parts`,
    ...(how?.steps ?? []),
    how?.note,
    untried && 'Nobody has tried these addresses with this program yet.',
  ];
  const facts: [string, unknown][] = [
    ['', set.description],
    ['Holds', [set.modality, ...numbers].filter(Boolean).join(', ')],
    ['Classes', classes?.join(', ')],
    ['Splits', set.splits],
    ['Licence', [set.licence, set.allows].filter(Boolean).join('. ')],
    ['Cite', set.citation],
    ['DOI', set.doi && `https://doi.org/${set.doi}`],
    ['Home page', set.homepage],
    ['Combined of', parts],
    ['To get it', access],
    ['Faults', set.faults],
    ['Inferred', set.inferred],
    ['Read', readText(set.read)],
    ['Checked', set.checked],
  ];
  return facts
    .map(([label, value]): [string, string[]] => [label, [value].flat().filter(Boolean) as string[]])
    .filter(([, items]) => items.length > 0);
}

/** How volumes become pictures. */
const readText = ({ window, slice }: NonNullable<ManifestDescription['read']> = {}): string =>
  [
    typeof window === 'object'
      ? `window ${window.center} ± ${window.width / 2}`
      : window && `${window} window`,
    slice !== undefined && (slice === 'middle' ? 'middle slice of a volume' : `slice ${slice} of a volume`),
  ]
    .filter(Boolean)
    .join(', ');

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

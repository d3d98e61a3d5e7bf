// The audit as a page for a notebook or a supplement, and as text: findings first, then pictures, cues and counts.

import { xml } from '../../markup.js';
import type { Balance } from './balance.js';
import type { Audit } from './audit.js';
import { percent } from './findings.js';
import type { Shortcut } from './shortcuts.js';

/** Pictures of one case, as the page shows them. */
export interface Shown {
  /** What is wrong with them. */
  title: string;
  pictures: { source: string; caption: string }[];
  /** 'copies' or 'odd'. */
  group: string;
}

const style = `<style>
.cg-audit{font:14px/1.45 system-ui,sans-serif;max-width:980px;color:#1b1b1b;background:#fff;padding:4px 12px}
.cg-audit h2{font-size:20px;margin:8px 0 2px}.cg-audit h3{font-size:15px;margin:18px 0 6px}
.cg-audit ol,.cg-audit ul{padding-left:22px;margin:6px 0}.cg-audit li{margin:0 0 8px}
.cg-audit .cg-muted{color:#5c5c5c}.cg-audit .cg-bar{display:inline-block;width:34px;height:8px;margin-right:6px;background:#e6e6e6}
.cg-audit .cg-bar i{display:block;height:8px;background:#b3261e}
.cg-audit table{border-collapse:collapse;font-size:13px;margin:0 0 6px}.cg-audit td,.cg-audit th{padding:2px 10px 2px 0;text-align:right;background:none;border:0;font-weight:400}
.cg-audit th{color:#5c5c5c}.cg-audit td:first-child,.cg-audit th:first-child{text-align:left}
.cg-audit .cg-tables{display:flex;flex-wrap:wrap;gap:0 44px}
.cg-audit .cg-cases{display:flex;flex-wrap:wrap;gap:14px}.cg-audit figure{margin:0}.cg-audit figcaption{font-size:12px;max-width:312px;overflow-wrap:anywhere}
.cg-audit .cg-pair{display:flex;gap:4px}.cg-audit .cg-pair div{width:152px;font-size:11px;color:#5c5c5c;overflow-wrap:anywhere}
.cg-audit .cg-pair img{width:152px;height:152px;object-fit:contain;background:#000;display:block}
</style>`;

const contents = ({ images, patients, classes }: Audit): string =>
  `${images} images${patients === undefined ? '' : ` of ${patients} patients`}; classes ${classes.join(', ')}`;

export function auditHtml(audit: Audit): string {
  const { classes, notes, unchecked, findings } = audit;
  const items = findings.map(
    ({ severity, sentence }) =>
      `<li><span class="cg-bar" title="severity ${severity.toFixed(2)} of 1"><i style="width:${Math.round(100 * Math.min(1, severity))}%"></i></span>${xml(sentence)}</li>`,
  );
  return [
    `<div class="cg-audit">${style}<h2>Audit of ${xml(audit.name)}</h2>`,
    `<div class="cg-muted">${xml(contents(audit))}.${notes.map((note) => ` ${xml(note)}`).join('')}</div>`,
    findings.length > 0
      ? `<h3>What is wrong, the worst first</h3><ol>${items.join('')}</ol>`
      : '<p>Nothing was found that spoils a result on this set.</p>',
    unchecked.length > 0
      ? `<h3>What could not be checked</h3><ul>${unchecked.map((sentence) => `<li>${xml(sentence)}</li>`).join('')}</ul>`
      : '',
    casesHtml(audit, 'copies', 'Films that are there more than once'),
    casesHtml(audit, 'odd', 'Odd pictures'),
    shortcutsHtml(audit.shortcuts),
    `<div class="cg-tables">${audit.balance.map((one) => balanceHtml(one, classes)).join('')}</div>`,
    '</div>',
  ].join('\n');
}

function casesHtml({ shown, copies, odd }: Audit, group: string, title: string): string {
  const cases = shown.filter((one) => one.group === group);
  if (cases.length === 0) return '';
  const all = group === 'copies' ? copies.length : odd.filter(({ kind }) => kind !== 'broken').length;
  const more = all > cases.length ? ` <span class="cg-muted">(${cases.length} of ${all})</span>` : '';
  const figures = cases.map(
    ({ title: text, pictures }) =>
      `<figure><div class="cg-pair">${pictures
        .map(({ source, caption }) => `<div><img src="${source}" alt="${xml(caption)}">${xml(caption)}</div>`)
        .join('')}</div><figcaption>${xml(text)}</figcaption></figure>`,
  );
  return `<h3>${title}${more}</h3><div class="cg-cases">${figures.join('')}</div>`;
}

const testColumns = (shortcuts: readonly Shortcut[]): boolean => shortcuts.some(({ test }) => test);

function shortcutTable(shortcuts: readonly Shortcut[]): string[][] {
  const official = testColumns(shortcuts);
  return [
    [
      'guessed from',
      'right',
      '95 % interval',
      'largest class',
      ...(official ? ['test split', 'its largest class'] : []),
    ],
    ...shortcuts.map(({ words, accuracy, interval: [low, high], largestClass, test }) => [
      words,
      accuracy.toFixed(2),
      `${low.toFixed(2)} to ${high.toFixed(2)}`,
      largestClass.toFixed(2),
      ...(official ? [test?.accuracy.toFixed(2) ?? '', test?.largestClass.toFixed(2) ?? ''] : []),
    ]),
  ];
}

const tableHtml = ([head, ...rows]: string[][]): string =>
  `<table><tr>${head.map((cell) => `<th>${xml(cell)}</th>`).join('')}</tr>${rows
    .map((row) => `<tr>${row.map((cell) => `<td>${xml(cell)}</td>`).join('')}</tr>`)
    .join('')}</table>`;

function shortcutsHtml(shortcuts: readonly Shortcut[]): string {
  if (shortcuts.length === 0) return '';
  return `<h3>How well the class can be guessed without the disease</h3>${tableHtml(shortcutTable(shortcuts))}<div class="cg-muted">Cross-validation by patient; the interval resamples patients. Categories: the most frequent class of each; numbers and pixels: logistic regression.</div>`;
}

function balanceHtml({ by, counts, association }: Balance, classes: readonly string[]): string {
  const rows = Object.entries(counts).map(([value, of]) => [
    value || 'not known',
    ...classes.map((c) => String(of[c])),
  ]);
  const shown = rows.slice(0, 12);
  const more =
    rows.length > shown.length ? `<div class="cg-muted">and ${rows.length - shown.length} more</div>` : '';
  return `<div><h3>Classes by ${xml(by)} <span class="cg-muted">(Cramér’s V ${association.toFixed(2)})</span></h3>${tableHtml([[by, ...classes], ...shown])}${more}</div>`;
}

export function auditText(audit: Audit): string {
  const { name, notes, unchecked, findings, shortcuts } = audit;
  const table = shortcuts.length > 0 ? shortcutTable(shortcuts) : [];
  const width = table[0]?.map((_, c) => Math.max(...table.map((row) => row[c].length))) ?? [];
  const line = (row: string[]): string =>
    row.map((cell, c) => (c ? cell.padStart(width[c]) : cell.padEnd(width[c]))).join('  ');
  return [
    `Audit of ${name}: ${contents(audit)}`,
    ...notes,
    '',
    ...(findings.length > 0
      ? findings.map(({ sentence }, i) => `${i + 1}. ${sentence}`)
      : ['Nothing was found that spoils a result on this set.']),
    ...(unchecked.length > 0 ? ['', 'What could not be checked:', ...unchecked] : []),
    ...(table.length > 0 ? ['', ...table.map(line)] : []),
  ].join('\n');
}

/** How a case's pictures are named below them. */
export const copyTitle = (one: Audit['copies'][number]): string => {
  const what =
    one.kind === 'bytes'
      ? 'The same file'
      : one.kind === 'pixels'
        ? 'The same pixels'
        : `Edited${one.mirrored ? ', mirrored' : ''}${one.inverted ? ', a negative' : ''}; detail agrees to ${percent(one.correlation!)}`;
  return [
    what,
    ...(one.acrossSplits ? ['in two splits'] : []),
    ...(one.contradicting ? ['two labels'] : []),
    ...(one.acrossPatients ? ["two patients' names"] : []),
    ...(one.rows.length > 2 ? [`${one.rows.length} times`] : []),
  ].join(' · ');
};

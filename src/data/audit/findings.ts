// What the audit found, in sentences, the worst first.

import type { Dataset, Row } from '../dataset.js';
import { someOf } from '../errors.js';
import type { AgeContrast, Balance } from './balance.js';
import { pureSources } from './balance.js';
import type { Copies, Leak } from './copies.js';
import type { Odd } from './odd.js';
import { weightOf, type Shortcut } from './shortcuts.js';

export type FindingKind =
  | 'shortcut'
  | 'leak'
  | 'duplicates across splits'
  | 'contradicting labels'
  | 'duplicates'
  | 'broken'
  | 'odd'
  | 'ages'
  | 'imbalance'
  | 'marks';

export interface Finding {
  kind: FindingKind;
  /** Of a shortcut: which. */
  name?: string;
  /** How much of a result it can spoil, 0 to 1; orders the findings. */
  severity: number;
  /** What is so, and what it means for a result on this set. */
  sentence: string;
}

export interface Found {
  copies: readonly Copies[];
  leaks: readonly Leak[];
  odd: readonly Odd[];
  shortcuts: readonly Shortcut[];
  balance: readonly Balance[];
  ages?: AgeContrast;
  /** Images with burnt-in marks, by class. */
  marks: { images: number; byClass: Record<string, number> };
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;
const many = (n: number, noun: string, plural = `${noun}s`): string => `${n} ${n === 1 ? noun : plural}`;
export const nameOf = (row: Row): string => row.name ?? row.file ?? `image ${row.index}`;

export function findingsOf(set: Dataset, found: Found): Finding[] {
  return [
    ...shortcutFindings(set, found.shortcuts),
    ...leakFinding(set, found.leaks),
    ...copyFindings(set, found.copies),
    ...oddFindings(set, found.odd),
    ...ageFinding(found.ages, found.balance),
    ...balanceFindings(set),
    ...markFinding(set, found.marks),
  ].sort((a, b) => b.severity - a.severity);
}

/** The most cues that are said in sentences, beside the thumbnail; the table has all. */
const mostCues = 4;
/** What a cue must add to the largest class, of what is left to 1. */
const leastExcess = 0.1;

function shortcutFindings(set: Dataset, shortcuts: readonly Shortcut[]): Finding[] {
  const telling = shortcuts.filter((one) => one.telling && one.excess >= leastExcess);
  const worth = telling.filter(
    (one) =>
      one.name !== 'metadata' ||
      telling.every(({ name, excess }) => !set.columns().includes(name) || excess < one.excess - 0.03),
  );
  const cues = worth.filter(({ name }) => name !== 'thumbnail').slice(0, mostCues);
  let severity = 1;
  return [...cues, ...worth.filter(({ name }) => name === 'thumbnail')].map((one) => {
    // not above a cue that was ranked before it
    severity = Math.min(
      severity,
      one.name === 'thumbnail' ? 0.1 + 0.2 * one.excess : 0.3 + 0.7 * Math.max(0, weightOf(one)),
    );
    return { kind: 'shortcut', name: one.name, severity, sentence: sentenceOf(set, one) };
  });
}

/** What to do about a cue. */
const remedies: Record<string, string> = {
  source:
    'A network that tells the sources apart gets this far. Judge on a source that training did not see: data.leaveOneSourceOut(set).',
  metadata: 'Judge within groups of the same values.',
  marks: 'Cover or crop letters and markers, and see whether the result stays.',
  file: 'Bring all pictures to one size and compression before training.',
  borders: 'Crop the borders, or train on the lungs alone, and see whether the result stays.',
  thumbnail:
    'Some of this is the disease itself; but a network that does little better has not learnt its detail.',
};

function sentenceOf(set: Dataset, one: Shortcut): string {
  const { accuracy, interval, largestClass, test, name, words } = one;
  const onTest = test
    ? `; learnt on train and judged on test ${percent(test.accuracy)}, largest class ${percent(test.largestClass)}`
    : '';
  const pure = name === 'source' ? pureSources(set) : [];
  const why = pure.map(({ source, label, share }) =>
    share > 0.995
      ? `all ${label} is from '${source}', which has nothing else`
      : `'${source}' has ${label} only, ${percent(share)} of all ${label}`,
  );
  const remedy =
    remedies[name] ??
    `A network that sees it, or its trace in the picture, need not see the disease: judge within each of its values, set.where({ ${name}: … }).`;
  return (
    `From ${words} alone the class is guessed rightly for ${percent(accuracy)} of the images ` +
    `(95 % interval ${percent(interval[0])} to ${percent(interval[1])}; largest class ${percent(largestClass)}${onTest}).` +
    (why.length > 0 ? ` Here ${why.join('; ')}.` : '') +
    ` ${remedy}`
  );
}

function leakFinding(set: Dataset, leaks: readonly Leak[]): Finding[] {
  if (leaks.length === 0) return [];
  const leaking = new Set(leaks.map(({ patient }) => patient));
  const judged = set.filter((row) => row.split !== '' && row.split !== 'train');
  const share = judged.filter((row) => leaking.has(row.patient)).length / Math.max(1, judged.length);
  const named = leaks.map(({ patient, splits }) => `${patient} (${Object.keys(splits).join(', ')})`);
  return [
    {
      kind: 'leak',
      severity: 0.2 + 0.8 * share,
      sentence: `${many(leaks.length, 'patient is', 'patients are')} in more than one split: ${someOf(named, 5)}. ${percent(share)} of the images outside train are of patients whom the network may have learnt; results are too good. Split by patient: data.splitByPatient(set).`,
    },
  ];
}

function copyFindings(set: Dataset, copies: readonly Copies[]): Finding[] {
  const across = copies.filter((one) => one.acrossSplits);
  const against = copies.filter((one) => one.contradicting);
  const inside = copies.filter((one) => !one.acrossSplits);
  const judged = set.rows.filter((row) => row.split !== '' && row.split !== 'train').length;
  const copied = new Set(across.flatMap(({ rows }) => rows.filter((row) => row.split !== 'train')));
  const share = copied.size / Math.max(1, judged);
  const findings: Finding[] = [];
  if (across.length > 0)
    findings.push({
      kind: 'duplicates across splits',
      severity: 0.2 + 0.8 * share,
      sentence: `${many(across.length, 'film is', 'films are')} in more than one split (${kindsOf(across)}), such as ${pairOf(across[0])}. That is ${percent(share)} of the images outside train: the network is judged on films that it has learnt. Keep each film on one side.`,
    });
  if (against.length > 0)
    findings.push({
      kind: 'contradicting labels',
      severity: 0.15 + against.length / set.length,
      sentence: `${many(against.length, 'film has', 'films have')} two labels, such as ${pairOf(against[0])}: ${[...new Set(against[0].rows.map((row) => row.label))].join(' and ')}. One of them is wrong${judged > 0 ? ', in training or in the test' : ''}.`,
    });
  if (inside.length > 0) {
    const patients = inside.filter((one) => one.acrossPatients).length;
    const isSplit = set.rows.some((row) => row.split !== '');
    findings.push({
      kind: 'duplicates',
      severity: 0.05 + inside.length / set.length,
      sentence: `${many(inside.length, 'film is', 'films are')} there more than once${isSplit ? ' in one split' : ''} (${kindsOf(inside)})${patients > 0 ? `, ${patients} of them under two patients' names` : ''}; they count double, and a ${isSplit ? 'new ' : ''}split may part them.`,
    });
  }
  return findings;
}

function kindsOf(copies: readonly Copies[]): string {
  const names = { bytes: 'the same file', pixels: 'the same pixels', near: 'edited' };
  return (['bytes', 'pixels', 'near'] as const)
    .map((kind) => [copies.filter((one) => one.kind === kind).length, names[kind]] as const)
    .filter(([n]) => n > 0)
    .map(([n, name]) => `${n} ${name}`)
    .join(', ');
}

const pairOf = ({ rows }: Copies): string =>
  rows
    .slice(0, 2)
    .map((row) => `${nameOf(row)}${row.split ? ` (${row.split})` : ''}`)
    .join(' and ');

function oddFindings(set: Dataset, odd: readonly Odd[]): Finding[] {
  return (['broken', 'odd'] as const).flatMap((kind) => {
    const these = odd.filter((one) => (one.kind === 'broken') === (kind === 'broken'));
    if (these.length === 0) return [];
    const groups = new Map<string, string[]>();
    for (const { row, words } of these) {
      const key = kind === 'broken' ? "can't be read" : words;
      groups.set(key, [...(groups.get(key) ?? []), nameOf(row)]);
    }
    const listed = [...groups].map(([words, names]) => `${words}: ${someOf(names)}`);
    return [
      {
        kind,
        severity: 0.1 + these.length / set.length,
        sentence: `${many(these.length, 'picture')} ${these.length === 1 ? 'is' : 'are'} ${kind}; ${someOf(listed)}. Look at them, and leave out what does not belong.`,
      },
    ];
  });
}

function ageFinding(ages: AgeContrast | undefined, balance: readonly Balance[]): Finding[] {
  if (!ages) return [];
  const shares = Object.entries(ages.byClass).map(([label, { child, adult, unknown }]) => {
    const all = child + adult + unknown;
    return `${label} ${percent(all ? child / all : 0)}`;
  });
  const association = balance.find(({ by }) => by === 'age')?.association ?? 0;
  return [
    {
      kind: 'ages',
      severity: 0.2 + 0.4 * association,
      sentence: `Children stand against adults: the images of ${ages.children.join(', ')} are of children, those of ${ages.adults.join(', ')} of adults. Children are ${shares.join(', ')} of the classes. A network can tell a child's chest from an adult's in place of ill from healthy; judge the ages apart.`,
    },
  ];
}

function balanceFindings(set: Dataset): Finding[] {
  const counts = Object.entries(set.counts()).filter(([, n]) => n > 0);
  const most = counts.reduce((a, b) => (b[1] > a[1] ? b : a));
  const least = counts.reduce((a, b) => (b[1] < a[1] ? b : a));
  if (most[1] < 5 * least[1]) return [];
  return [
    {
      kind: 'imbalance',
      severity: 0.1,
      sentence: `${most[0]} has ${most[1]} images, ${least[0]} ${least[1]}: accuracy hides what becomes of the small class. Report each class's sensitivity, or macro F1.`,
    },
  ];
}

function markFinding(set: Dataset, { images, byClass }: Found['marks']): Finding[] {
  if (images === 0) return [];
  const counts = set.counts();
  const shares = set.classes
    .filter((c) => counts[c] > 0)
    .map((c) => `${c} ${percent(byClass[c] / counts[c])}`);
  return [
    {
      kind: 'marks',
      severity: 0.05,
      sentence: `${many(images, 'image')} (${percent(images / set.length)}) ${images === 1 ? 'has' : 'have'} letters or marks burnt in near a border: ${shares.join(', ')}. They may name a hospital, a side, or a patient; in slices of CT, vessels look like them.`,
    },
  ];
}

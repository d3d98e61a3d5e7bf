// The columns of a data set that say something of a patient or an exposure, whatever they are called.

import { valueOf, type Dataset, type Row } from '../dataset.js';

/** Columns that hold labels under other names, names of things, or places: they are no cue. */
const notCues =
  /label|class|finding|diagnos|disease|patholog|target|severity|degree|outcome|split|fold|subset|mask|file|path|name|url|uri|doi|hash|sha|md5|^id$|_id$|patient|subject|licen[cs]e|citation|note|comment|width|height|bytes|^set$/i;

export const sexColumn = (set: Dataset): string | undefined => named(set, /^(patient.?)?(sex|gender)$/i);
export const ageColumn = (set: Dataset): string | undefined => named(set, /^(patient.?)?age/i);
export const viewColumn = (set: Dataset): string | undefined =>
  set.rows.some((row) => row.view) ? 'view' : named(set, /^(view|projection)/i);

const named = (set: Dataset, pattern: RegExp): string | undefined =>
  set.columns().find((column) => pattern.test(column));

/** Columns whose values might give the class away: view, sex and age, and others with few values. */
export function cueColumns(set: Dataset): string[] {
  const known = [viewColumn(set), sexColumn(set), ageColumn(set)].filter((c) => c !== undefined);
  const others = set.columns().filter((column) => {
    if (known.includes(column) || notCues.test(column)) return false;
    const values = Object.keys(set.counts(column)).length;
    return values > 1 && values <= Math.min(20, set.length / 10);
  });
  return [...known.filter((column) => Object.keys(set.counts(column)).length > 1), ...others];
}

/** Years from '57', '057Y', '18M', '1-5y (cohort)'; undefined where it says none. */
export function years(text: string): number | undefined {
  const [, from, to, unit] = /^\s*(\d+(?:\.\d+)?)\s*(?:[-–]\s*(\d+(?:\.\d+)?))?\s*([a-z]?)/i.exec(text) ?? [];
  if (from === undefined) return undefined;
  const value = (Number(from) + Number(to ?? from)) / 2;
  const parts: Record<string, number> = { m: 12, w: 52, d: 365 };
  return value / (parts[unit.toLowerCase()] ?? 1);
}

export type AgeGroup = 'child' | 'adult' | '';

/** Under 18 years, or not, by number or in words; '' where the age isn't known. */
export function ageGroup(row: Row, column: string | undefined): AgeGroup {
  if (column === undefined) return '';
  const text = valueOf(row, column);
  const age = years(text);
  if (age !== undefined) return age < 18 ? 'child' : 'adult';
  return /^child|^p(a)?ediatric/i.test(text) ? 'child' : /^adult/i.test(text) ? 'adult' : '';
}

/** A value as a category: ages by decade, under 18 apart. */
export function category(row: Row, column: string, age: string | undefined): string {
  const value = valueOf(row, column);
  if (column !== age) return value;
  const number = years(value);
  if (number === undefined) return value;
  if (number < 18) return 'under 18';
  const decade = Math.floor(number / 10) * 10;
  return `${Math.max(18, decade)} to ${decade + 9}`;
}

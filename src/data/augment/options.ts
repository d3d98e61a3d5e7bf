// The options of augmentations, cleaned at the door.

import { DataError } from '../errors.js';

export type Range = readonly [least: number, most: number];

function refuse(op: string, name: string, value: unknown, rule: string): never {
  throw new DataError('option', `augment.${op}: ${name} must be ${rule}; it is ${JSON.stringify(value)}.`);
}

/** A number within bounds. */
export function number(op: string, name: string, value: unknown, least: number, most = Infinity): number {
  if (typeof value === 'number' && value >= least && value <= most && Number.isFinite(value)) return value;
  return refuse(
    op,
    name,
    value,
    most === Infinity ? `a number from ${least} on` : `a number from ${least} to ${most}`,
  );
}

/** [least, most] within bounds. */
export function range(op: string, name: string, value: unknown, least: number, most = Infinity): Range {
  const good = (v: unknown): v is number =>
    typeof v === 'number' && v >= least && v <= most && Number.isFinite(v);
  if (Array.isArray(value) && value.length === 2 && good(value[0]) && good(value[1]) && value[0] <= value[1])
    return [value[0], value[1]];
  const bounds = most === Infinity ? `from ${least} on` : `from ${least} to ${most}`;
  return refuse(op, name, value, `[least, most] with numbers ${bounds}`);
}

/** [least, most], or one number v for [-v, v]. */
export function around(op: string, name: string, value: unknown, most: number): Range {
  if (typeof value !== 'number') return range(op, name, value, -most, most);
  const v = number(op, name, value, 0, most);
  return [-v, v];
}

/** [least, most] of a factor, or one number v for [max(0, 1 - v), 1 + v]. */
export function factor(op: string, name: string, value: unknown): Range {
  if (typeof value !== 'number') return range(op, name, value, 0);
  const v = number(op, name, value, 0);
  return [Math.max(0, 1 - v), 1 + v];
}

/** One of some words. */
export function word<W extends string>(op: string, name: string, value: unknown, words: readonly W[]): W {
  if (words.includes(value as W)) return value as W;
  return refuse(op, name, value, `one of ${words.join(', ')}`);
}

// What films and CT scans of phantoms have in common among their options: defaults, and what each may be.

import { DataError } from '../errors.js';
import { checkConfounders, type Confounders, type Trait } from './confounders.js';
import { degrees, findings, type Degree, type Finding } from './findings.js';

/** The version of the recipe: pictures of the same options and seed are the same bytes as long as it is. */
export const phantomRecipe = '2';

export interface SharedOptions {
  /** Default 120. */
  patients?: number;
  seed?: number;
  /** Default normal, consolidation, ground glass; all seven are in `phantomFindings`. */
  classes?: readonly Finding[];
  /** How severe the findings are, from 0 to 1: a number, [lowest, highest], or mild, moderate, severe. Default [0.05, 1]. */
  severity?: Degree | number | readonly [number, number];
  /** Factor on the noise. Default 1. */
  noise?: number;
}

export const shared: Required<SharedOptions> = {
  patients: 120,
  seed: 0,
  classes: findings.slice(0, 3),
  severity: [0.05, 1],
  noise: 1,
};

export const whole = (value: number, low: number, high = Infinity): boolean =>
  Number.isInteger(value) && value >= low && value <= high;

export function refuse(name: string, rule: string, value: unknown): never {
  throw new DataError('option', `phantom: ${name} must be ${rule}, not ${JSON.stringify(value)}.`);
}

/** Throws DataError 'option' for an option that the call doesn't have, or a value that can't be. */
export function checkShared(
  o: Required<SharedOptions> & { confounders: Confounders },
  names: readonly string[],
  traits: readonly Trait[],
): void {
  const unknown = Object.keys(o).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new DataError('option', `phantom: there is no option '${unknown}'; there are ${names.join(', ')}.`);
  if (!whole(o.patients, 1)) refuse('patients', 'a whole number above 0', o.patients);
  const strange = o.classes.find((c) => !findings.includes(c));
  if (strange !== undefined)
    throw new DataError(
      'option',
      `phantom: there is no finding '${strange}' in classes; there are ${findings.join(', ')}.`,
    );
  if (o.classes.length === 0 || new Set(o.classes).size < o.classes.length)
    refuse('classes', 'a list that names each finding once', o.classes);
  const [low, high] = severities(o.severity);
  if (!(low >= 0 && high <= 1 && low <= high))
    refuse(
      'severity',
      `a number from 0 to 1, [lowest, highest], or ${Object.keys(degrees).join(', ')}`,
      o.severity,
    );
  if (!(o.noise >= 0 && o.noise < Infinity)) refuse('noise', '0 or more', o.noise);
  checkConfounders(o.confounders, o.classes, traits);
}

/** The lowest and highest severity; NaN where none is meant. */
export function severities(severity: Required<SharedOptions>['severity']): readonly [number, number] {
  if (typeof severity === 'number') return [severity, severity];
  if (typeof severity === 'string') return Object.hasOwn(degrees, severity) ? degrees[severity] : [NaN, NaN];
  return severity;
}

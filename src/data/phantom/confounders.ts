// What goes along with a class without being the disease: hospital, age, view, captions and side letters, as strongly as asked for.

import { DataError } from '../errors.js';
import type { Random } from '../random.js';

/** What may go along: its two values, the first for the class that is named, and how often the second comes where nothing is named. */
export const traits = {
  hospital: { values: ['hospital-a', 'hospital-b'], second: 0.5 },
  age: { values: ['child', 'adult'], second: 1 },
  view: { values: ['PA', 'AP'], second: 0.2 },
  letters: { values: ['none', 'caption'], second: 0.15 },
  marker: { values: ['L', 'R'], second: 0.5 },
} as const;
export type Trait = keyof typeof traits;
export type Value<T extends Trait> = (typeof traits)[T]['values'][number];

/**
 * How strongly a trait goes with the class: at 0 both values are equally likely whatever the class, at 1 the class decides, in between
 * it decides in that share of the cases. `class` (default normal, or else the first) has the trait's first value and all others the
 * second; or `values` names a class's value, and classes it leaves out go by chance. With two classes of equal size the strength is
 * the phi coefficient of class and trait.
 */
export type Confounder<T extends Trait = Trait> =
  number | { strength: number; class?: string; values?: Partial<Record<string, Value<T>>> };
export type Confounders = { [T in Trait]?: Confounder<T> };

/** The value of a trait for a patient or a film of this class. */
export function draw<T extends Trait>(
  trait: T,
  label: string,
  classes: readonly string[],
  confounders: Confounders,
  r: Random,
): Value<T> {
  const [first, second] = traits[trait].values as readonly Value<T>[];
  const decides = r();
  const chance = r();
  const given = confounders[trait] as Confounder<T> | undefined;
  if (given === undefined) return chance < traits[trait].second ? second : first;
  const {
    strength,
    class: named = classes.includes('normal') ? 'normal' : classes[0],
    values,
  } = typeof given === 'number' ? { strength: given } : given;
  const wanted = values ? values[label] : label === named ? first : second;
  if (wanted !== undefined && decides < strength) return wanted;
  return chance < 0.5 ? second : first;
}

/** Throws DataError 'option' for a trait, class, value or strength that isn't one. */
export function checkConfounders(
  confounders: Confounders,
  classes: readonly string[],
  allowed: readonly Trait[],
): void {
  const refuse = (sentence: string): never => {
    throw new DataError('option', `phantom: ${sentence}`);
  };
  const list = (names: readonly string[]): string => names.join(', ');
  for (const [name, given] of Object.entries(confounders)) {
    if (given === undefined) continue;
    const trait = allowed.find((t) => t === name);
    if (!trait) return refuse(`there is no confounder '${name}'; there are ${list(allowed)}.`);
    const {
      strength,
      class: named,
      values = {},
    } = typeof given === 'number' ? { strength: given } : (given as Exclude<Confounder, number>);
    if (!(strength >= 0 && strength <= 1))
      refuse(
        `the strength of the confounder ${name} must be between 0 (by chance) and 1 (the class decides), not ${strength}.`,
      );
    for (const label of [...(named === undefined ? [] : [named]), ...Object.keys(values)])
      if (!classes.includes(label))
        refuse(`the confounder ${name} names the class '${label}'; the classes are ${list(classes)}.`);
    for (const value of Object.values(values))
      if (!(traits[trait].values as readonly unknown[]).includes(value))
        refuse(`the confounder ${name} can be ${traits[trait].values.join(' or ')}, not '${String(value)}'.`);
  }
}

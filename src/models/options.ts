// Options that several functions take.

import { ModelError } from './errors.js';

export const whole = (n: number, least: number): boolean => Number.isInteger(n) && n >= least;

/** Names of classes, given as such or as how many there are. */
export function classNames(given: readonly string[] | number): string[] {
  if (typeof given !== 'number' && !Array.isArray(given))
    throw new ModelError(
      'option',
      `classes is ${JSON.stringify(given)}; it must be a list of names, or how many there are.`,
    );
  if (!whole(typeof given === 'number' ? given : given.length, 1))
    throw new ModelError('option', `classes is ${JSON.stringify(given)}; there must be at least one.`);
  if (typeof given !== 'number') {
    const twice = given.find((name, i) => given.indexOf(name) < i);
    if (twice !== undefined)
      throw new ModelError('option', `classes has "${twice}" twice; each class needs a name of its own.`);
  }
  return typeof given === 'number' ? Array.from({ length: given }, (_, i) => `class ${i}`) : [...given];
}

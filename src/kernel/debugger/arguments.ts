// A request's arguments, checked: what is missing or of another type is said to the front end.
import type { Json } from '../wire.js';
import { DebugError } from './target.js';

export function numberIn(given: Json, name: string): number {
  const value = given[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new DebugError(`The argument ${name} must be a number${seen(value)}.`);
}

export function textIn(given: Json, name: string): string {
  const value = given[name];
  if (typeof value === 'string') return value;
  throw new DebugError(`The argument ${name} must be a string${seen(value)}.`);
}

export function objectIn(given: Json, name: string): Json {
  const value = given[name];
  if (isObject(value)) return value;
  throw new DebugError(`The argument ${name} must be an object${seen(value)}.`);
}

export function listIn(given: Json, name: string): Json[] {
  const value = given[name];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new DebugError(`The argument ${name} must be a list of objects${seen(value)}.`);
}

export const optionalNumber = (given: Json, name: string): number | undefined =>
  given[name] === undefined || given[name] === null ? undefined : numberIn(given, name);

export const optionalText = (given: Json, name: string): string | undefined =>
  given[name] === undefined || given[name] === null ? undefined : textIn(given, name);

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const seen = (value: unknown): string =>
  value === undefined ? '; it is missing' : `, not ${JSON.stringify(value)?.slice(0, 80)}`;

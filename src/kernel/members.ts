// What a live value offers to completion, without running any of its code.
import { types } from 'node:util';
import type { Live } from './language/reply.js';

const MOST = 2000;

/** @param columns what the value has under that name, where reading it has no side effects */
export function members(value: unknown, of: Live['of'], columns: unknown): string[] {
  if (value === undefined || value === null || types.isProxy(value)) return [];
  const names = new Set<string>(Array.isArray(columns) ? columns.slice(0, MOST).map(String) : []);
  if (of !== 'members' && value instanceof Map)
    for (const key of value.keys()) if (typeof key === 'string') names.add(key);
  if (of === 'arguments') return [...names].slice(0, MOST);
  for (let at: object | null = Object(value) as object; at; at = Object.getPrototypeOf(at) as object | null) {
    if (at === Object.prototype && of === 'keys') break;
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  const fits = (name: string): boolean =>
    of === 'keys' || /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name);
  return [...names].filter(fits).slice(0, MOST);
}

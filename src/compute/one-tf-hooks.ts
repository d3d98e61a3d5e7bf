// Module hooks, loaded by Node in a thread of their own: where `import` leads for those who expect tfjs-node or danfojs.

import type { ResolveHook } from 'node:module';

const own = new URL('..', import.meta.url).href;
const tf = new URL('./tfjs-module.js', import.meta.url).href;
const danfojs = new URL('../data/danfojs.cjs', import.meta.url).href;

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (/^@tensorflow\/tfjs(-node(-gpu)?)?$/.test(specifier) && !context.parentURL?.startsWith(own))
    return { url: tf, shortCircuit: true };
  if (specifier !== 'danfojs-node') return next(specifier, context);
  try {
    return await next(specifier, context);
  } catch {
    return { url: danfojs, format: 'commonjs', shortCircuit: true };
  }
};

// The TypeScript compiler, loaded in one place: version 6 is the last with this API.
import { createRequire } from 'node:module';
import type ts from 'typescript';

export const typescript = createRequire(import.meta.url)('typescript') as typeof ts;

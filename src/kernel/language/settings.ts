// How the language service reads cells: the options of the user's tsconfig.json over ours, and where types are.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type ts from 'typescript';
import { userOptions } from '../tsconfig.js';
import { typescript } from './typescript.js';

const { sys } = typescript;
const here = createRequire(import.meta.url);

/** What cells need, whatever the user's tsconfig.json says. */
function needed(folder: string): ts.CompilerOptions {
  return {
    target: typescript.ScriptTarget.ESNext,
    module: typescript.ModuleKind.ESNext,
    moduleResolution: typescript.ModuleResolutionKind.Bundler,
    moduleDetection: typescript.ModuleDetectionKind.Force,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    esModuleInterop: true,
    resolveJsonModule: true,
    isolatedModules: false,
    verbatimModuleSyntax: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    composite: false,
    incremental: false,
    rootDir: undefined,
    outDir: undefined,
    declaration: false,
    types: [],
    configFilePath: join(folder, 'tsconfig.json'),
  };
}

/** `implicitAny`: whether the user has asked to hear of names without a type. */
export function settings(folder: string): { options: ts.CompilerOptions; implicitAny: boolean } {
  const own = userOptions(typescript, folder);
  const options: ts.CompilerOptions = {
    lib: ['lib.esnext.d.ts'],
    strict: true,
    jsx: typescript.JsxEmit.Preserve,
    ...own,
    ...needed(folder),
  };
  options.paths = { ...ownTypes(), ...options.paths };
  return { options, implicitAny: Boolean(own.noImplicitAny ?? own.strict) };
}

/** Where the types are of what a notebook anywhere may import. */
function ownTypes(): ts.MapLike<string[]> {
  const found: ts.MapLike<string[]> = {};
  const add = (names: string[], candidates: (string | undefined)[]): void => {
    const path = candidates.find((each) => each !== undefined && sys.fileExists(each));
    if (path) for (const name of names) found[name] = [path];
  };
  const at = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const source = (file: string): string => fileURLToPath(new URL(`../../../../src/${file}`, import.meta.url));
  add(['cellgrad'], [at('index.d.ts'), source('index.ts')]);
  add(['cellgrad/tf'], [at('compute/tf.d.ts'), source('compute/tf.ts')]);
  add(
    ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', 'cellgrad/tfjs'],
    [at('compute/tfjs-module.d.ts'), source('compute/tfjs-module.ts')],
  );
  add(['@tensorflow/tfjs'], [beside('@tensorflow/tfjs/package.json', 'dist/index.d.ts')]);
  add(
    ['danfojs-node'],
    [
      at('data/danfojs/danfojs-node/src/index.d.ts'),
      beside('danfojs-node/package.json', 'dist/danfojs-node/src/index.d.ts'),
    ],
  );
  return found;
}

function beside(manifest: string, file: string): string | undefined {
  try {
    return join(dirname(here.resolve(manifest)), file);
  } catch {
    return undefined;
  }
}

/** The declarations of Node's modules and globals: the project's, or ours. */
export function nodeTypes(folder: string): string[] {
  for (const from of [join(folder, 'notebook.ts'), import.meta.url])
    try {
      return [join(dirname(createRequire(from).resolve('@types/node/package.json')), 'index.d.ts')];
    } catch {
      // not installed there
    }
  return [];
}

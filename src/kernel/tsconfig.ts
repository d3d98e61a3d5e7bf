// The compiler options of the user's nearest tsconfig.json.
import { dirname } from 'node:path';
import type ts from 'typescript';

export function userOptions({ sys, ...typescript }: typeof ts, folder: string): ts.CompilerOptions {
  const file = typescript.findConfigFile(folder, (path) => sys.fileExists(path));
  if (!file) return {};
  const { config } = typescript.readConfigFile(file, (path) => sys.readFile(path)) as { config?: unknown };
  // its files are not ours to look for
  const host: ts.ParseConfigHost = {
    useCaseSensitiveFileNames: sys.useCaseSensitiveFileNames,
    readDirectory: () => [],
    fileExists: (path) => sys.fileExists(path),
    readFile: (path) => sys.readFile(path),
  };
  return typescript.parseJsonConfigFileContent(config ?? {}, host, dirname(file)).options;
}

/** Whether code that TypeScript can't read may hold JSX. */
export const looksLikeJsx = (code: string): boolean => /<\/|\/>/.test(code);

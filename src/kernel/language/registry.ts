// Source files by path, for one language service: TypeScript's own registry costs a millisecond for some twenty files, and a
// program with TensorFlow.js has a thousand.
import type ts from 'typescript';
import { typescript } from './typescript.js';

export function registry(): ts.DocumentRegistry {
  const files = new Map<string, { version: string; kind: ts.ScriptKind | undefined; file: ts.SourceFile }>();
  const get = (
    fileName: string,
    snapshot: ts.IScriptSnapshot,
    version: string,
    kind: ts.ScriptKind | undefined,
    options: ts.CreateSourceFileOptions | ts.ScriptTarget | undefined,
  ): ts.SourceFile => {
    const known = files.get(fileName);
    if (known?.version === version && known.kind === kind) return known.file;
    const target = options ?? typescript.ScriptTarget.ESNext;
    const file = typescript.createLanguageServiceSourceFile(fileName, snapshot, target, version, false, kind);
    files.set(fileName, { version, kind, file });
    return file;
  };
  const document: ts.DocumentRegistry['acquireDocument'] = (name, _, snapshot, version, kind, options) =>
    get(name, snapshot, version, kind, options);
  const withKey: ts.DocumentRegistry['acquireDocumentWithKey'] = (
    name,
    _path,
    _settings,
    _key,
    snapshot,
    version,
    kind,
    options,
  ) => get(name, snapshot, version, kind, options);
  const release = (name: string): void => void files.delete(name);
  return {
    acquireDocument: document,
    acquireDocumentWithKey: withKey,
    updateDocument: document,
    updateDocumentWithKey: withKey,
    getKeyForCompilationSettings: () => 'cells' as ts.DocumentRegistryBucketKey,
    releaseDocument: release,
    releaseDocumentWithKey: release,
    reportStats: () => '',
  };
}

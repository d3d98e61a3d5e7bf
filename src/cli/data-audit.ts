// `cellgrad data audit`: what is wrong with a data set, as text, JSON or a page.
import { statSync } from 'node:fs';
import { audit as auditSet, DataError, fromFolder, open, type Dataset } from '../data/index.js';
import { checkWritable, FileError, writeWhole } from '../files.js';
import type { AuditFlags } from './data.js';
import { UsageError } from './errors.js';
import { codeOf, stopSignals } from './signals.js';

export async function audit(manifest: string, { mirror, json, html, ...which }: AuditFlags): Promise<number> {
  const { signal, received, release } = stopSignals();
  try {
    if (html) checkWritable(html);
    const found = await auditSet(await opened(manifest, which, signal), { mirror, signal });
    if (html)
      await writeWhole(html, `<!doctype html><meta charset="utf-8"><title>Audit</title>${found.html()}`);
    process.stdout.write(`${json ? JSON.stringify(found, null, 2) : String(found)}\n`);
    return 0;
  } catch (error) {
    const stop = received();
    if (stop) {
      process.stderr.write('Interrupted.\n');
      return codeOf(stop);
    }
    if (error instanceof FileError) throw new UsageError(error.message, 1);
    if (!(error instanceof DataError)) throw error;
    throw new UsageError(`${error.message}${error.label ? ' Here: --label COLUMN.' : ''}`, 1);
  } finally {
    release();
  }
}

/** The set with its leaks, with or without patients and splits, without missing files; what can't be decoded is the audit's to say. */
function opened(
  manifest: string,
  { root, label }: { root?: string; label?: string },
  signal: AbortSignal,
): Promise<Dataset> {
  const how = { allowLeak: true, needs: [], onError: 'skip', check: 'files', signal } as const;
  if (!statSync(manifest, { throwIfNoEntry: false })?.isDirectory())
    return open(manifest, { root, label, ...how });
  if (root !== undefined || label !== undefined)
    throw new UsageError(
      `${manifest} is a folder, whose folders are the classes: --root and --label are for manifests.`,
    );
  return fromFolder(manifest, how);
}

// `cellgrad data audit`: what is wrong with a data set, as text, JSON or a page.
import { audit as auditSet, DataError, open, type Dataset } from '../data/index.js';
import { checkWritable, writeWhole } from '../files.js';
import type { AuditFlags } from './data.js';
import { UsageError } from './errors.js';
import { codeOf, stopSignals } from './signals.js';

export async function audit(
  manifest: string,
  { root, label, mirror, json, html }: AuditFlags,
): Promise<number> {
  if (html) checkWritable(html);
  const { signal, received, release } = stopSignals();
  try {
    const found = await auditSet(await opened(manifest, { root, label }), { mirror, signal });
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
    throw error instanceof DataError ? new UsageError(error.message, 1) : error;
  } finally {
    release();
  }
}

/** The set with its leaks, without missing files; what can't be decoded is the audit's to say. */
function opened(manifest: string, options: { root?: string; label?: string }): Promise<Dataset> {
  return open(manifest, { ...options, allowLeak: true, onError: 'skip', check: 'files' });
}

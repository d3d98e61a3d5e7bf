// `data.verify`: checksums of a data set that is open, or all that lies in the folder of a described one.

import { verifyRows } from './check.js';
import type { Dataset } from './dataset.js';
import { verifySet, type SetReport, type VerifyOptions } from './sets/inventory.js';

/**
 * Of an open data set, compares every file with the manifest's sha256: returns the data set; throws DataError 'checksum' naming the
 * first files that differ or are gone, or, with onError 'skip', leaves those out and says so in `notes`. Rows without a sha256 pass.
 *
 * Of a described set's name, reports what its folder holds: rows by class, files that are missing, surplus, or altered since `get`
 * brought them. Throws DataError 'name' or 'missing' (no such folder, or no table of it there).
 */
export function verify(
  dataset: Dataset,
  options?: { onError?: 'throw' | 'skip'; signal?: AbortSignal },
): Promise<Dataset>;
export function verify(name: string, options?: VerifyOptions): Promise<SetReport>;
export function verify(
  what: Dataset | string,
  options: VerifyOptions & { onError?: 'throw' | 'skip' } = {},
): Promise<Dataset | SetReport> {
  return typeof what === 'string' ? verifySet(what, options) : verifyRows(what, options);
}

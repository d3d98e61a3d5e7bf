// What `get` brought into a set's folder: each download, and the files that came of it with their checksums.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeWholeSync } from '../../files.js';
import { receiptName } from './catalogue.js';
import type { Unpacked } from './unpack.js';

export interface Receipt {
  name: string;
  /** By the URL in the set's description. */
  downloads: Record<string, { sha256: string; size: number; files: Unpacked[] }>;
}

/** undefined where there is none, or none that can be read. */
export function readReceipt(folder: string): Receipt | undefined {
  const file = join(folder, receiptName);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Receipt;
  } catch {
    return undefined;
  }
}

/** At once: of two that were being written at the same time, the earlier could come to stand over the later. */
export const writeReceipt = (folder: string, receipt: Receipt): void =>
  writeWholeSync(join(folder, receiptName), JSON.stringify(receipt));

/** Whether all files of a download are there in their sizes. */
export const isWhole = (folder: string, files: readonly Unpacked[]): boolean =>
  files.every(({ path, size }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === size);

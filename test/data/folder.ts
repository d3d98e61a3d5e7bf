// A small data set on disk for one suite: six films, three patients, and a manifest that a test can spoil.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

export const header = 'file,label,patient,split';
export const rows = [
  'a.png,normal,p1,train',
  'b.png,covid,p1,train',
  'c.png,normal,p2,train',
  'd.png,covid,p3,val',
  'e.png,normal,p3,val',
  'f.png,covid,p4,test',
];

export interface Folder {
  path(name: string): string;
  /** Writes a file and returns its path. */
  write(name: string, content: string | Uint8Array): string;
  /** Writes manifest.csv with these lines. */
  manifest(lines?: readonly string[]): string;
  remove(): void;
}

export async function imageFolder(): Promise<Folder> {
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-data-'));
  const path = (name: string): string => join(folder, name);
  for (const [i, row] of rows.entries()) {
    const pixels = Buffer.from(Uint8Array.from({ length: 12 * 10 }, (_, k) => (k * 7 + i * 40) % 256));
    const file = path(row.split(',')[0]);
    await sharp(pixels, { raw: { width: 12, height: 10, channels: 1 } })
      .png()
      .toFile(file);
  }
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(path(name), content);
    return path(name);
  };
  return {
    path,
    write,
    manifest: (lines = [header, ...rows]) => write('manifest.csv', lines.join('\n') + '\n'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A test of an error: its class, its code, and that it is one readable sentence or more, without a stack in it. */
export const says =
  (code: string, ...parts: RegExp[]) =>
  (error: unknown): boolean => {
    const { name, code: got, message } = error as { name: string; code: string; message: string };
    if (name !== 'DataError' || got !== code) throw error;
    for (const part of parts)
      if (!part.test(message)) throw new Error(`The message lacks ${part}: ${message}`);
    return !/\n\s+at /.test(message) && /[.)?]$/.test(message);
  };

// Hounsfield units as files that hospitals and public sets have: NIfTI-1, and slices in DICOM.

import { gzipSync } from 'node:zlib';
import { dicomFile, imageElements } from './dicom-file.js';

export interface Scan {
  /** [depth, height, width], the first slice at the feet, the first row at the front, the first column at the patient's right. */
  shape: readonly number[];
  data: ArrayLike<number>;
  /** mm of depth, height, width. */
  spacing: readonly number[];
}

/** NIfTI-1, signed 16 bits, gzipped. */
export function nifti({ shape: [depth, height, width], data, spacing }: Scan): Buffer {
  const head = Buffer.alloc(352);
  head.writeInt32LE(348, 0);
  for (const [i, n] of [3, width, height, depth, 1, 1, 1, 1].entries()) head.writeInt16LE(n, 40 + 2 * i);
  head.writeInt16LE(4, 70); // int16
  head.writeInt16LE(16, 72);
  for (const [i, n] of [1, spacing[2], spacing[1], spacing[0]].entries()) head.writeFloatLE(n, 76 + 4 * i);
  head.writeFloatLE(352, 108);
  head.writeFloatLE(1, 112);
  head.writeInt16LE(1, 254); // sform, whose axes point right, forward, up
  head.writeFloatLE(-spacing[2], 280);
  head.writeFloatLE(-spacing[1], 296 + 4);
  head.writeFloatLE(spacing[0], 312 + 8);
  head.write('n+1\0', 344, 'latin1');
  const values = Buffer.alloc(2 * data.length);
  for (let i = 0; i < data.length; i++) values.writeInt16LE(Math.round(data[i]), 2 * i);
  return gzipSync(Buffer.concat([head, values]));
}

/** One slice as DICOM, explicit little endian, stored 1024 above its Hounsfield units. */
export function dicom({ shape: [, height, width], data }: Scan, slice: number): Buffer {
  const area = height * width;
  const stored = Uint16Array.from({ length: area }, (_, i) => Math.round(data[slice * area + i]) + 1024);
  return dicomFile(
    imageElements(height, width, {
      0x00080016: ['UI', '1.2.840.10008.5.1.4.1.1.2'],
      0x00080060: ['CS', 'CT'],
      0x00281050: ['DS', '40'],
      0x00281051: ['DS', '400'],
      0x00281052: ['DS', '-1024'],
      0x00281053: ['DS', '1'],
      0x7fe00010: ['OW', new Uint8Array(stored.buffer)],
    }),
  );
}

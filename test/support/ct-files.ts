// Hounsfield units as files that hospitals and public sets have: NIfTI-1, and slices in DICOM.

import { gzipSync } from 'node:zlib';

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
  const element = (group: number, number: number, vr: string, value: Buffer | string): Buffer => {
    const text = typeof value === 'string' ? Buffer.from(value) : value;
    const padded = text.length % 2 ? Buffer.concat([text, Buffer.from([vr === 'UI' ? 0 : 32])]) : text;
    const long = vr === 'OW' || vr === 'OB';
    const head = Buffer.alloc(long ? 12 : 8);
    head.writeUInt16LE(group, 0);
    head.writeUInt16LE(number, 2);
    head.write(vr, 4, 'latin1');
    if (long) head.writeUInt32LE(padded.length, 8);
    else head.writeUInt16LE(padded.length, 6);
    return Buffer.concat([head, padded]);
  };
  const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
  const stored = Buffer.alloc(2 * height * width);
  for (let i = 0; i < height * width; i++)
    stored.writeUInt16LE(Math.round(data[slice * height * width + i]) + 1024, 2 * i);
  const meta = element(2, 0x10, 'UI', '1.2.840.10008.1.2.1');
  const size = Buffer.from(Uint32Array.of(meta.length).buffer);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(2, 0, 'UL', size),
    meta,
    element(8, 0x16, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    element(8, 0x60, 'CS', 'CT'),
    element(0x28, 2, 'US', u16(1)),
    element(0x28, 4, 'CS', 'MONOCHROME2'),
    element(0x28, 0x10, 'US', u16(height)),
    element(0x28, 0x11, 'US', u16(width)),
    element(0x28, 0x100, 'US', u16(16)),
    element(0x28, 0x101, 'US', u16(16)),
    element(0x28, 0x102, 'US', u16(15)),
    element(0x28, 0x103, 'US', u16(0)),
    element(0x28, 0x1050, 'DS', '40'),
    element(0x28, 0x1051, 'DS', '400'),
    element(0x28, 0x1052, 'DS', '-1024'),
    element(0x28, 0x1053, 'DS', '1'),
    element(0x7fe0, 0x10, 'OW', stored),
  ]);
}

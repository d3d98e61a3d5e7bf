// What a picture's file says without being decoded: its format, its size, and how strongly a JPEG was compressed.

export interface FileFacts {
  bytes: number;
  format: string;
  /** JPEG: quality 1 to 100 on the Independent JPEG Group's scale, as its tables tell. */
  quality?: number;
}

const magic: [format: string, at: number, bytes: string][] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG'],
  ['gif', 0, 'GIF8'],
  ['webp', 8, 'WEBP'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
  ['bmp', 0, 'BM'],
  ['dicom', 128, 'DICM'],
];

export function fileFacts(content: Buffer): FileFacts {
  const found = magic.find(([, at, text]) => content.toString('latin1', at, at + text.length) === text);
  const format = found?.[0] ?? 'other';
  const quality = format === 'jpeg' ? jpegQuality(content) : undefined;
  return { bytes: content.length, format, ...(quality !== undefined && { quality }) };
}

/** Sum of the standard's luminance table (ITU-T T.81, table K.1), which is that of quality 50. */
const sumAt50 = 3688;

/** From the first quantisation table: how its sum compares with the standard's. */
function jpegQuality(content: Buffer): number | undefined {
  let at = 2;
  while (at + 4 <= content.length && content[at] === 0xff) {
    const marker = content[at + 1];
    if (marker === 0xda || marker === 0xd9) return undefined;
    const length = content.readUInt16BE(at + 2);
    if (marker === 0xdb && length >= 67) {
      const wide = content[at + 4] >> 4 === 1;
      if (at + 5 + (wide ? 128 : 64) > content.length) return undefined;
      let sum = 0;
      for (let k = 0; k < 64; k++) sum += wide ? content.readUInt16BE(at + 5 + 2 * k) : content[at + 5 + k];
      const percent = (100 * sum) / sumAt50;
      const quality = percent <= 100 ? (200 - percent) / 2 : 5000 / percent;
      return Math.min(100, Math.max(1, Math.round(quality)));
    }
    at += 2 + length;
  }
  return undefined;
}

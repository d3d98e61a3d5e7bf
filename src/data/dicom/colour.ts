// Colour of DICOM images as red, green and blue: YBR and palettes.

import type { Header } from './header.js';
import { broken, type Parsed } from './parse.js';

/** A frame's samples as red, green, blue; `values` are integers of `bits` bits. */
export function toRgb(
  parsed: Parsed,
  { photometric, rows, columns }: Header,
  values: ArrayLike<number>,
): Uint8Array | Uint16Array | ArrayLike<number> {
  switch (photometric) {
    case 'PALETTE COLOR':
      return palette(parsed, values);
    case 'YBR_FULL':
      return fromYbr(values);
    case 'YBR_FULL_422':
      return fromYbr(values.length < rows * columns * 3 ? from422(values, rows * columns) : values);
    case 'RGB':
    case 'YBR_RCT':
    case 'YBR_ICT':
      return values;
    default:
      throw broken(parsed.file, `its colours are stored as ${photometric}, which cellgrad does not read`);
  }
}

/** Two pixels share a pair of colour samples: Y1 Y2 Cb Cr. */
function from422(values: ArrayLike<number>, area: number): Uint8Array {
  const out = new Uint8Array(area * 3);
  for (let i = 0; i < area; i++) {
    const from = Math.floor(i / 2) * 4;
    out.set([values[from + (i % 2)], values[from + 2], values[from + 3]], i * 3);
  }
  return out;
}

/** PS3.3 C.7.6.3.1.2, 8 bits. */
function fromYbr(values: ArrayLike<number>): Uint8Array {
  const out = new Uint8ClampedArray(values.length);
  for (let i = 0; i < out.length; i += 3) {
    const [y, b, r] = [values[i], values[i + 1] - 128, values[i + 2] - 128];
    out[i] = y + 1.402 * r;
    out[i + 1] = y - 0.344136 * b - 0.714136 * r;
    out[i + 2] = y + 1.772 * b;
  }
  return new Uint8Array(out.buffer);
}

/** 8 bits from the three lookup tables of the file. */
function palette({ dataset, file }: Parsed, values: ArrayLike<number>): Uint8Array {
  const tables = ['1', '2', '3'].map((n) => {
    const data = dataset.elements[`x0028120${n}`];
    const [count, first, bits] = [0, 1, 2].map((i) => dataset.uint16(`x0028110${n}`, i) ?? 0);
    const entries = count || 65536;
    if (!data || data.length < entries)
      throw broken(file, 'its colours are indices, but the table of colours is not there or too short');
    const wide = data.length >= entries * 2;
    const at = (i: number): number =>
      wide
        ? (dataset.uint16(`x0028120${n}`, i) ?? 0) >> (bits > 8 ? bits - 8 : 0)
        : dataset.byteArray[data.dataOffset + i];
    return { first, values: Uint8Array.from({ length: entries }, (_, i) => at(i)) };
  });
  const out = new Uint8Array(values.length * 3);
  for (let i = 0; i < values.length; i++)
    for (let c = 0; c < 3; c++) {
      const { first, values: table } = tables[c];
      out[3 * i + c] = table[Math.min(table.length - 1, Math.max(0, values[i] - first))];
    }
  return out;
}

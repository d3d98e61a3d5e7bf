// How a DICOM image wants to be shown: its windows and lookup tables.

import { fullWindow, windowed, windowOf, type Window, type WindowChoice } from '../window.js';
import { group, lookupTable, modalityOf, type Header, type LookupTable } from './header.js';
import type { Parsed } from './parse.js';
import { decimals } from './tags.js';

type Curve = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** A window of the file's own, under the name it has there. */
export interface NamedWindow extends Window {
  name?: string;
}

/** What a file says about showing it. */
export interface Voi {
  windows: NamedWindow[];
  curve: Curve;
  table?: LookupTable;
}

export function voiOf(parsed: Parsed, header: Header, frame: number): Voi {
  const { dataset } = parsed;
  const from = group(dataset, frame, 'x00289132') ?? dataset;
  const centers = decimals(from, 'x00281050') ?? [];
  const widths = decimals(from, 'x00281051') ?? [];
  const named = (from.string('x00281056') ?? 'LINEAR').toUpperCase();
  const curve = named === 'SIGMOID' || named === 'LINEAR_EXACT' ? named : 'LINEAR';
  const windows = centers.flatMap((center, i) =>
    widths[i] >= 1 || (curve !== 'LINEAR' && widths[i] > 0)
      ? [{ center, width: widths[i], name: from.string('x00281055', i) }]
      : [],
  );
  // what is looked up are values after slope and intercept
  const modality = modalityOf(parsed, header, frame);
  const negative = 'intercept' in modality && (header.signed || modality.intercept < 0);
  return { windows, curve, table: lookupTable(from.elements.x00283010?.items?.[0]?.dataSet, negative) };
}

/**
 * Grey values as shown, 0 black to 255 white: through the wanted window, else the file's lookup table, else its first window, else from the
 * least to the greatest value. MONOCHROME1 is turned, since its lowest values are white.
 */
export function display(
  values: Float32Array,
  voi: Voi,
  photometric: string,
  choice?: WindowChoice,
): Uint8Array {
  const grey = choice
    ? curved(values, windowOf(choice), voi.curve)
    : voi.table
      ? throughTable(values, voi.table)
      : voi.windows[0]
        ? curved(values, voi.windows[0], voi.curve)
        : windowed(values, fullWindow(values));
  if (photometric === 'MONOCHROME1') for (let i = 0; i < grey.length; i++) grey[i] = 255 - grey[i];
  return grey;
}

/** PS3.3 C.11.2.1.3: the two functions beside the linear one. */
function curved(values: Float32Array, window: Window, curve: Curve): Uint8Array {
  if (curve === 'LINEAR') return windowed(values, window);
  const { center, width } = window;
  const out = new Uint8ClampedArray(values.length);
  for (let i = 0; i < out.length; i++) {
    const x = (values[i] - center) / width;
    out[i] = curve === 'SIGMOID' ? 255 / (1 + Math.exp(-4 * x)) : (x + 0.5) * 255;
  }
  return new Uint8Array(out.buffer);
}

function throughTable(values: Float32Array, { first, values: table, bits }: LookupTable): Uint8Array {
  const gain = 255 / (2 ** bits - 1);
  const grey = Uint8Array.from(table, (v) => Math.min(255, Math.round(v * gain)));
  const out = new Uint8Array(values.length);
  for (let i = 0; i < out.length; i++)
    out[i] = grey[Math.min(grey.length - 1, Math.max(0, Math.round(values[i]) - first))];
  return out;
}

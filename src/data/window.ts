// Intensity windows: which range of values becomes black to white.

import { DataError } from './errors.js';

/** Centre and width of a range of values, in Hounsfield units for CT. */
export interface Window {
  center: number;
  width: number;
}

/** Windows that radiologists use for CT of the chest and elsewhere, in Hounsfield units. */
export const windows = {
  lung: { center: -600, width: 1500 },
  mediastinum: { center: 50, width: 350 },
  bone: { center: 400, width: 1800 },
  soft: { center: 50, width: 400 },
  abdomen: { center: 60, width: 400 },
  liver: { center: 30, width: 150 },
  brain: { center: 40, width: 80 },
  angio: { center: 300, width: 600 },
} as const satisfies Record<string, Window>;

export type WindowName = keyof typeof windows;
/** A window by name, or by centre and width. */
export type WindowChoice = WindowName | Window;

/** The centre and width that are meant. Throws DataError 'option' for a name that there is none of, or a width below 1. */
export function windowOf(choice: WindowChoice): Window {
  const window = typeof choice === 'string' ? windows[choice] : choice;
  if (!window)
    throw new DataError(
      'option',
      `There is no window '${String(choice)}'. Named ones are ${Object.keys(windows).join(', ')}; any other is { center, width }.`,
    );
  if (!Number.isFinite(window.center) || !(window.width >= 1))
    throw new DataError(
      'option',
      `A window needs a center and a width of 1 at least, not { center: ${window.center}, width: ${window.width} }.`,
    );
  return window;
}

/**
 * Values as 8-bit grey through a window: linear, as PS3.3 C.11.2.1.2 defines it, rounded half up.
 * @throws DataError 'option'
 */
export function windowed(values: ArrayLike<number>, choice: WindowChoice): Uint8Array {
  const { center, width } = windowOf(choice);
  const c = center - 0.5;
  const w = width - 1;
  const [low, high] = [c - w / 2, c + w / 2];
  const out = new Uint8Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const v = values[i];
    // what isn't a number is black
    out[i] = v > high ? 255 : v > low ? Math.floor(((v - c) / w + 0.5) * 255 + 0.5) : 0;
  }
  return out;
}

/** The window from the least to the greatest value; one of width 1 where all are the same. */
export function fullWindow(values: ArrayLike<number>): Window {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < least) least = values[i];
    if (values[i] > most) most = values[i];
  }
  if (!(most > least)) return { center: Number.isFinite(least) ? least : 0, width: 1 };
  return { center: (least + most + 1) / 2, width: most - least + 1 };
}

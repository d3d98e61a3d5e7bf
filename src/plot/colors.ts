// Colours: a qualitative palette safe for the colour-blind (Okabe and Ito 2008), two colour maps, contrast.

export type Rgb = [number, number, number];

export const INK = '#1f2933';
export const MUTED = '#52606d';
export const GRID = '#e4e7eb';
export const AXIS = '#7b8794';

/** Okabe–Ito without black and without the yellow that is lost on white. */
export const PALETTE = [
  '#0072B2',
  '#D55E00',
  '#009E73',
  '#CC79A7',
  '#E69F00',
  '#56B4E9',
  '#5c4db1',
  '#6b6b6b',
];

/** The colour of series `i`, and the dash that tells series apart once the colours repeat. */
export function series(i: number): { color: string; dash: 'solid' | 'dash' | 'dot' } {
  const round = Math.floor(i / PALETTE.length) % 3;
  return { color: PALETTE[i % PALETTE.length], dash: (['solid', 'dash', 'dot'] as const)[round] };
}

export function hexToRgb(hex: string): Rgb {
  const v = parseInt(hex.slice(1), 16);
  return [v >> 16, (v >> 8) & 255, v & 255];
}

export function rgbToHex(rgb: Rgb): string {
  return '#' + rgb.map((v) => Math.round(v).toString(16).padStart(2, '0')).join('');
}

/** Colour at `t` (0…1) on a scale of `[position, hex]` stops, as plotly mixes it: straight in sRGB. */
export function onScale(scale: Array<[number, string]>, t: number): Rgb {
  const v = Math.min(1, Math.max(0, t));
  let i = 1;
  while (i < scale.length - 1 && v > scale[i][0]) i++;
  const [p, from] = scale[i - 1];
  const [q, to] = scale[i];
  const f = (v - p) / (q - p);
  const b = hexToRgb(to);
  return hexToRgb(from).map((x, k) => x + (b[k] - x) * f) as Rgb;
}

const even = (hexes: string[]): Array<[number, string]> => hexes.map((h, i) => [i / (hexes.length - 1), h]);

/** White to deep blue, for counts. */
export const BLUES = even(['#f7fbff', '#d6e6f4', '#abcfe6', '#6aaed6', '#3787c0', '#105ba4', '#08306b']);

/** Viridis (matplotlib), evenly spaced samples. */
export const VIRIDIS = even([
  '#440154', '#482475', '#414487', '#355f8d', '#2a788e', '#21918c', '#22a884', '#44bf70', '#7ad151', '#bddf26',
  '#fde725',
]); // prettier-ignore

/** Turbo (Mikhailov 2019), evenly spaced samples: jet's hues without its false edges. */
export const TURBO = even([
  '#30123b', '#4145ab', '#4675ed', '#39a2fc', '#1bcfd4', '#24eca6', '#61fc6c', '#a4fc3b', '#d1e834', '#f3c63a',
  '#fe9b2d', '#f36315', '#d93806', '#b11901', '#7a0402',
]); // prettier-ignore

/** A colour scale as a palette of 256 colours. */
export function palette(scale: Array<[number, string]>): Rgb[] {
  return Array.from({ length: 256 }, (_, i) => onScale(scale, i / 255).map(Math.round) as Rgb);
}

/** Relative luminance after WCAG 2. */
export function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((v) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio after WCAG 2, 1…21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}

/** Ink, white or black: what reads on a background, with a contrast of at least 4.5. */
export function textOn(background: Rgb): string {
  const [ink, white] = [INK, '#ffffff'].map((c) => contrast(background, hexToRgb(c)));
  if (Math.max(ink, white) < 4.5) return '#000000';
  return ink >= white ? INK : '#ffffff';
}

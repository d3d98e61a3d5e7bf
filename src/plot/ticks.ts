// Round numbers for axes.

/** The round step (1, 2, 2.5 or 5 times a power of ten) that gives about `count` intervals. */
export function niceStep(span: number, count: number): number {
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 2.5, 5, 10].find((m) => m * power >= raw * 0.999) ?? 10);
}

/** Multiples of `step` inside a range, `start` being one of them. */
export function ticksBy(lo: number, hi: number, step: number, start = 0): number[] {
  const out: number[] = [];
  const first = Math.ceil((lo - start) / step - 1e-9);
  for (let i = first; start + i * step <= hi + step * 1e-9; i++) out.push(start + i * step);
  return out;
}

/** Labels with as many decimals as the step needs. */
export function tickLabel(value: number, step: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e6 || step < 1e-4)) return value.toExponential(1).replace('-', '−');
  let decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals++;
  return value.toFixed(decimals).replace('-', '−');
}

// Sizes as people read them.

/** '1.2 GB', '30 MB', '4 kB'. */
export function bytesText(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'an unknown number of bytes';
  const [unit, size] = bytes >= 1e9 ? ['GB', 1e9] : bytes >= 1e6 ? ['MB', 1e6] : ['kB', 1e3];
  const value = bytes / size;
  return `${value >= 10 || unit === 'kB' ? Math.ceil(value) : value.toFixed(1)} ${unit}`;
}

/** '10 GB' as 10e9; undefined where a text is no size. */
export function bytesOfText(text: string): number | undefined {
  const [, value, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kMGT]?)B\s*$/i.exec(text) ?? [];
  if (value === undefined) return undefined;
  return Math.round(Number(value) * 1000 ** ['', 'k', 'm', 'g', 't'].indexOf(unit.toLowerCase()));
}

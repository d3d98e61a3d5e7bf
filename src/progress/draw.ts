// What bars look like, as HTML and in words.

/** A bar as HTML, without a script; its colours suit light and dark pages. */
export function barHtml(fraction: number): string {
  const width = (Math.min(1, Math.max(0, fraction || 0)) * 100).toFixed(1);
  return (
    `<div style="background:rgba(128,128,128,.25);border-radius:4px;height:10px;overflow:hidden">` +
    `<div style="width:${width}%;height:10px;background:#0072b2"></div></div>`
  );
}

/** `7 s`, `2 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** `3.4/s`, or where that is less than one, `2.5 s each`. */
export function pace(perSecond: number): string {
  const short = (n: number): string => (n >= 100 ? String(Math.round(n)) : String(Number(n.toPrecision(2))));
  return perSecond >= 1 ? `${short(perSecond)}/s` : `${short(1 / perSecond)} s each`;
}

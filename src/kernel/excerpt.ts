// The lines around a place, with a caret under it.
export interface Position {
  /** 1-based */
  line: number;
  column: number;
}

export function excerpt(source: string | undefined, { line, column }: Position): string[] {
  const lines = source?.split('\n');
  if (!lines || line < 1 || line > lines.length) return [];
  const from = Math.max(1, line - 2);
  const to = Math.min(lines.length, line + 1);
  const width = String(to).length;
  const shown: string[] = [''];
  for (let n = from; n <= to; n++) {
    const mark = n === line ? '\x1b[31m>\x1b[39m' : ' ';
    shown.push(`${mark} ${String(n).padStart(width)} │ ${lines[n - 1]}`);
    if (n === line)
      shown.push(`  ${' '.repeat(width)} │ ${' '.repeat(Math.max(0, column - 1))}\x1b[31m^\x1b[39m`);
  }
  return shown;
}

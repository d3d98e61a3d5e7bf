// Jupyter counts code points, TypeScript UTF-16 units.
export function utf16Offset(code: string, cursor: unknown): number {
  return typeof cursor === 'number' ? [...code].slice(0, cursor).join('').length : code.length;
}

export const codePoints = (code: string, offset: number): number => [...code.slice(0, offset)].length;

// Changes to a text, and the way back: which place of the source a place of the result comes from.
export interface Edit {
  start: number;
  end: number;
  text: string;
}

export interface Edited {
  code: string;
  /** From an offset in `code` to the offset in the source. */
  origin: (offset: number) => number;
}

/** Applies edits that don't overlap. No line is lost: a shorter text is filled up with line ends. */
export function applyEdits(source: string, edits: readonly Edit[]): Edited {
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const pieces: { at: number; length: number; start: number; end: number }[] = [];
  let code = '';
  let done = 0;
  for (const { start, end, text } of sorted) {
    code += source.slice(done, start);
    const missing = lineEnds(source.slice(start, end)) - lineEnds(text);
    const inserted = text + '\n'.repeat(Math.max(0, missing));
    pieces.push({ at: code.length, length: inserted.length, start, end });
    code += inserted;
    done = end;
  }
  code += source.slice(done);
  const origin = (offset: number): number => {
    let shift = 0;
    for (const { at, length, start, end } of pieces) {
      if (offset < at) break;
      if (offset < at + length) return start;
      shift = end - (at + length);
    }
    return offset + shift;
  };
  return { code, origin };
}

const lineEnds = (text: string): number => text.split('\n').length;

// What a cell may print: its beginning and its end are shown, a flood between them is cut and said to be.

/** Characters that are shown from the beginning. */
const HEAD = 32 * 2 ** 20;
/** Characters that are shown from the end. */
const TAIL = 64 * 1024;

export class Limit {
  private shown = 0;
  private cut = 0;
  private tail = '';

  /** What of a text is to be shown now. */
  take(text: string): string {
    const room = HEAD - this.shown;
    if (room >= text.length) {
      this.shown += text.length;
      return text;
    }
    this.shown = HEAD;
    const rest = text.slice(Math.max(0, room));
    this.tail += rest;
    if (this.tail.length > 2 * TAIL) {
      this.cut += this.tail.length - TAIL;
      this.tail = this.tail.slice(-TAIL);
    }
    return text.slice(0, Math.max(0, room));
  }

  /** What is left to show when the cell is over. */
  end(): string {
    const { tail } = this;
    this.tail = '';
    if (!tail) return '';
    const extra = Math.max(0, tail.length - TAIL);
    const cut = this.cut + extra;
    this.cut = 0;
    const notice = cut
      ? `\n[cellgrad: ${(cut / 1e6).toFixed(1)} million characters were cut here: a cell shows the first ${HEAD / 2 ** 20} million and the last ${TAIL / 1024} thousand. Write to a file for more.]\n`
      : '';
    return notice + tail.slice(extra);
  }
}

// What the language service must know of a cell's surroundings, as TypeScript declarations.
export const DECLARATIONS = `
type MimeBundle = Record<string, unknown>;
interface DisplayHandle {
  readonly id: string;
  /** Replaces what was displayed, wherever it stands now. */
  update(value: unknown, options?: { raw?: boolean; metadata?: Record<string, unknown> }): void;
}
/** Shows a value below the cell. With \`raw\`, the value is a MIME bundle already. */
declare function display(value: unknown, options?: { raw?: boolean; metadata?: Record<string, unknown>; id?: string }): DisplayHandle;
interface Rich { [key: symbol]: () => MimeBundle }
/** Text of a kind, as a function or a tagged template; values in HTML and SVG are escaped, rich ones inserted. */
declare namespace display {
  function html(text: TemplateStringsArray | string, ...values: unknown[]): Rich;
  function svg(text: TemplateStringsArray | string, ...values: unknown[]): Rich;
  function md(text: TemplateStringsArray | string, ...values: unknown[]): Rich;
  function latex(text: TemplateStringsArray | string, ...values: unknown[]): Rich;
  /**
   * A data frame, a list of objects or lists (rows), or an object of lists (columns) as a table.
   * \`rows\` (100) and \`columns\` (20) are the most that is shown; of a larger table the first and last.
   * \`grouped\` writes whole numbers as 1,234,567.
   */
  function table(value: unknown, options?: { rows?: number; columns?: number; grouped?: boolean }): Rich;
  /**
   * A tensor \`[h, w]\`, \`[h, w, 1|3|4]\` or \`[n, h, w, 1|3|4]\`, or \`{ width, height, data }\`, as a picture; a batch as a grid.
   * Values within 0…1 are shown from 0 to 1, others within 0…255 from 0 to 255, all others from the least to the greatest,
   * unless \`range\` says what is black and white. \`size\` is about the length of an image's longer side, in pixels.
   */
  function image(
    value: unknown,
    options?: { range?: [black: number, white: number]; size?: number; columns?: number },
  ): Rich;
}
/** Removes the cell's output; with \`wait\`, only when the next output arrives. */
declare function clearOutput(options?: { wait?: boolean }): void;
/** Asks the user for a line. */
declare function input(prompt?: string): Promise<string>;
/** The last result. */
declare let _: any;
/** The result before the last. */
declare let __: any;
declare let ___: any;

declare module 'tslab' {
  export interface Display {
    javascript(text: string): void;
    html(text: string): void;
    markdown(text: string): void;
    latex(text: string): void;
    svg(text: string): void;
    png(bytes: Uint8Array): void;
    jpeg(bytes: Uint8Array): void;
    gif(bytes: Uint8Array): void;
    pdf(bytes: Uint8Array): void;
    text(text: string): void;
    raw(contentType: string, body: string | Uint8Array | Record<string, unknown>): void;
  }
  export const display: Display;
  /** A display whose every output replaces the one before. */
  export function newDisplay(): Display;
  export function print(...values: unknown[]): void;
}
`;

// What `import * as tslab from 'tslab'` gives in a cell: tslab's display API on this kernel.
import { display as show, type DisplayHandle, type MimeBundle } from './display.js';

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

function displayWith(emit: (bundle: MimeBundle) => void): Display {
  const as = (mime: string) => (body: unknown) => emit({ [mime]: body });
  return {
    javascript: as('text/javascript'),
    html: as('text/html'),
    markdown: as('text/markdown'),
    latex: as('text/latex'),
    svg: as('image/svg+xml'),
    png: as('image/png'),
    jpeg: as('image/jpeg'),
    gif: as('image/gif'),
    pdf: as('application/pdf'),
    text: as('text/plain'),
    raw: (contentType, body) => emit({ [contentType]: body }),
  };
}

export const display: Display = displayWith((bundle) => void show(bundle, { raw: true }));

/** A display whose every output replaces the one before. */
export function newDisplay(): Display {
  let handle: DisplayHandle | undefined;
  return displayWith((bundle) => {
    if (handle) handle.update(bundle, { raw: true });
    else handle = show(bundle, { raw: true });
  });
}

export function print(...values: unknown[]): void {
  console.log(...values);
}

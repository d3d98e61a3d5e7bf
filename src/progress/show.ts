// Where progress is shown: one display updated in place in a notebook, in place on a terminal, else a line now and then.

export type ShowKind = 'auto' | 'lines' | 'quiet';

/** Something that changes; it is asked for only when it is to be shown. */
export interface Picture {
  html(): string;
  text(): string;
}
export interface Show {
  /** It has changed: shown, unless the last time was just now. */
  changed(picture: Picture): void;
  /** Shown at once, and kept where what is shown are lines. */
  now(picture: Picture): void;
  /** It changes no more. */
  end(picture: Picture): void;
}

interface Handle {
  update(content: unknown, options?: object): void;
}
const notebook = globalThis as { display?: (content: unknown, options?: object) => Handle };

/** Whether there are displays that can be updated. */
export const inNotebook = (): boolean => typeof notebook.display === 'function';

/** Not oftener than this in a notebook and on a terminal. */
const REFRESH_MS = 200;
/** How often where there is neither. */
const LINE_MS = 10_000;

export function show(kind: ShowKind = 'auto', to: NodeJS.WriteStream = process.stderr): Show {
  if (kind === 'quiet') return { changed() {}, now() {}, end() {} };
  if (kind === 'auto' && inNotebook()) return throttled(onDisplay(), REFRESH_MS);
  if (kind === 'auto' && to.isTTY) return throttled(onTerminal(to), REFRESH_MS);
  const line = (picture: Picture): void => void to.write(`${picture.text()}\n`);
  return throttled({ draw: line, end: line }, LINE_MS, performance.now());
}

interface Draw {
  draw(picture: Picture): void;
  end(picture: Picture): void;
}

function throttled({ draw, end }: Draw, ms: number, last = -Infinity): Show {
  const now = (picture: Picture): void => {
    last = performance.now();
    draw(picture);
  };
  return {
    now,
    end,
    changed(picture) {
      if (performance.now() - last >= ms) now(picture);
    },
  };
}

function onDisplay(): Draw {
  let handle: Handle | undefined;
  const draw = (picture: Picture): void => {
    const bundle = { 'text/html': picture.html(), 'text/plain': picture.text() };
    if (handle) handle.update(bundle, { raw: true });
    else handle = notebook.display!(bundle, { raw: true });
  };
  return { draw, end: draw };
}

function onTerminal(to: NodeJS.WriteStream): Draw {
  const draw = (picture: Picture): void => {
    const text = picture.text().split('\n').at(-1)!;
    to.write(`\r\x1b[K${text.slice(0, (to.columns || 100) - 1)}`);
  };
  return {
    draw,
    end(picture) {
      draw(picture);
      to.write('\n');
    },
  };
}

// Where a run stands, on the terminal: in place where it is one, else a line a cell.
import { stripVTControlCharacters } from 'node:util';

type Json = Record<string, unknown>;

export interface Standing {
  number: number;
  total: number;
  title: string;
}

export interface Progress {
  starting(): void;
  begin(cell: Standing): void;
  /** A message that the running cell published. */
  output(type: string, content: Json): void;
  end(ok: boolean): void;
  close(): void;
}

export const silent: Progress = { starting() {}, begin() {}, output() {}, end() {}, close() {} };

/** How often a cell that takes long is mentioned where there is no terminal. */
const HEARTBEAT_MS = 10_000;
const REFRESH_MS = 250;

export interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** With `verbose`, what cells print is shown as well. */
export function terminalProgress(to: Terminal, { verbose = false } = {}): Progress {
  const inPlace = Boolean(to.isTTY) && process.env.TERM !== 'dumb';
  let cell: Standing | undefined;
  let began = 0;
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  let midLine = false;

  const place = ({ number, total }: Standing): string =>
    `[${String(number).padStart(String(total).length)}/${total}]`;
  const erase = (): void => void (inPlace && to.write('\r\x1b[2K'));
  const line = (text: string): void => {
    erase();
    if (midLine) to.write('\n');
    midLine = false;
    to.write(`${text}\n`);
  };
  const status = (): string => {
    const words = [`${place(cell!)} ${cell!.title}`, duration(Date.now() - began), said];
    return fit(words.filter(Boolean).join(' · '), (to.columns || 100) - 1);
  };
  const tick = (): void => {
    if (!cell) return;
    if (!inPlace)
      line(`${place(cell)} … ${[duration(Date.now() - began), said].filter(Boolean).join(' · ')}`);
    else if (!midLine) to.write(`\r\x1b[2K${status()}`);
  };
  const echo = (text: string): void => {
    erase();
    to.write(text);
    midLine = !text.endsWith('\n');
  };

  return {
    starting() {
      if (inPlace) to.write('Starting the kernel');
    },
    begin(standing) {
      cell = standing;
      began = Date.now();
      said = '';
      if (verbose) line(`${place(cell)} ${fit(cell.title, 90)}`);
      else if (inPlace) tick();
      timer = setInterval(tick, inPlace ? REFRESH_MS : HEARTBEAT_MS);
    },
    output(type, content) {
      const text = textOf(type, content);
      if (!text) return;
      said = lastLine(text) || said;
      if (verbose) echo(type === 'stream' ? text : `${text.trimEnd()}\n`);
    },
    end(ok) {
      clearInterval(timer);
      if (!cell) return;
      const title = verbose ? '' : ` ${fit(cell.title, 70)}`;
      line(`${place(cell)}${title} · ${ok ? '' : 'failed after '}${duration(Date.now() - began)}`);
      cell = undefined;
    },
    close() {
      clearInterval(timer);
      erase();
    },
  };
}

/** What an output says in words: a stream's text, the text of a display that isn't a picture. */
function textOf(type: string, content: Json): string | undefined {
  if (type === 'stream') return String(content.text);
  if (type !== 'display_data' && type !== 'update_display_data' && type !== 'execute_result')
    return undefined;
  const text = (content.data as Json | undefined)?.['text/plain'];
  return typeof text === 'string' ? text.split('\n').slice(0, 12).join('\n') : undefined;
}

function lastLine(text: string): string {
  const lines = stripVTControlCharacters(text).split(/[\r\n]+/);
  return (
    lines
      .filter((each) => each.trim())
      .at(-1)
      ?.trim() ?? ''
  );
}

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}

export function duration(ms: number): string {
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
}

// How a fetch shows where it stands: a bar in a notebook and on a terminal, a line now and then elsewhere; from 2 s on.

import { xml } from '../../markup.js';
import { barHtml } from '../../progress/draw.js';
import { show, type ShowKind } from '../../progress/show.js';
import { bytesText } from './bytes.js';
import type { GetProgress } from './get.js';

const PATIENCE_MS = 2000;

export function fetchDisplay(kind: ShowKind): { changed(progress: GetProgress): void; end(): void } {
  const shown = show(kind);
  const begun = performance.now();
  let last: GetProgress | undefined;
  const picture = { text: () => lineOf(last!), html: () => htmlOf(last!) };
  return {
    changed(progress) {
      if (performance.now() - begun < PATIENCE_MS) return;
      last = progress;
      shown.changed(picture);
    },
    end: () => void (last && shown.end(picture)),
  };
}

function lineOf({ name, stage, file, bytes, total, done, files }: GetProgress): string {
  const of = total > bytes ? ` of ${bytesText(total)}` : '';
  return `${name}: ${done} of ${files} files, ${bytesText(bytes)}${of}, ${stage} ${file}`;
}

function htmlOf(progress: GetProgress): string {
  const fraction = progress.total ? progress.bytes / progress.total : progress.done / progress.files;
  return `<div style="display:grid;grid-template-columns:minmax(6em,20em) max-content;gap:.8em;align-items:center;font-size:.9em">${barHtml(fraction)}<div>${xml(lineOf(progress))}</div></div>`;
}

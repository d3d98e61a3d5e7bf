// Figures as files.

import { extname } from 'node:path';
import { writeWhole } from '../files.js';
import { PlotError } from '../plotly/errors.js';
import { page, type Figure } from './figure.js';

/**
 * Writes a figure: `.html` interactive and self-contained, `.svg` the still picture, `.png` the same in
 * pixels.
 * @param options.scale pixels of the PNG for each pixel of the figure
 * @returns the file's path
 * @throws PlotError for another ending, FileError when the file can't be written
 */
export async function save(
  figure: Figure,
  file: string,
  { scale = 2 }: { scale?: number } = {},
): Promise<string> {
  const kind = extname(file).toLowerCase();
  if (!['.html', '.svg', '.png'].includes(kind))
    throw new PlotError(
      'file',
      `save: '${file}' ends in '${kind}'; figures are saved as .html, .svg or .png`,
    );
  let content: string | Buffer;
  if (kind === '.html') content = page(figure);
  else if (kind === '.svg') content = figure.svg();
  else {
    const { default: sharp } = await import('sharp');
    content = await sharp(Buffer.from(figure.svg()), { density: 72 * scale, unlimited: true })
      .png()
      .toBuffer();
  }
  await writeWhole(file, content);
  return file;
}

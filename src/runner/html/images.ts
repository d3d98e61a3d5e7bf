// Pictures inside the page: files beside the notebook and attachments become data, addresses become links.
import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import type { MimeBundle } from '../notebook.js';
import { xml } from '../../markup.js';

const TYPES: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.svg': 'image/svg+xml',
};

export interface ImageSource {
  /** The notebook's folder. */
  folder: string;
  attachments?: Record<string, MimeBundle>;
}

/** Rewrites every `<img>` so that the page needs no other file. */
export function inlineImages(html: string, source: ImageSource): string {
  return html.replace(/<img\b[^>]*>/gi, (tag) => {
    const src = /\ssrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i.exec(tag);
    const address = (src?.[1] ?? src?.[2] ?? src?.[3] ?? '').replace(/&amp;/g, '&');
    if (!src || address.startsWith('data:')) return tag;
    const alt = /\salt\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(tag);
    const words = alt?.[1] || alt?.[2] || '';
    if (/^(https?:)?\/\//i.test(address))
      return `<a class="outside" href="${xml(address)}">${words || xml(address)}</a>`;
    const data = dataUrl(address, source);
    if (!data) return `<span class="missing">[picture not found: ${words || xml(address)}]</span>`;
    return tag.replace(src[0], ` src="${data}"`);
  });
}

function dataUrl(address: string, { folder, attachments }: ImageSource): string | undefined {
  const name = decode(address);
  if (name.startsWith('attachment:')) {
    const [type, data] = Object.entries(attachments?.[name.slice('attachment:'.length)] ?? {})[0] ?? [];
    return type && typeof data === 'string' ? `data:${type};base64,${data.replace(/\s/g, '')}` : undefined;
  }
  const path = name.replace(/[?#].*$/, '');
  const type = TYPES[extname(path).toLowerCase()];
  if (!type) return undefined;
  try {
    return `data:${type};base64,${readFileSync(resolve(folder, path)).toString('base64')}`;
  } catch {
    return undefined;
  }
}

function decode(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

// A PNG encoder: 8 bits, grey, palette, RGB or RGBA. Synchronous, so that a figure can show itself at once.

import { deflateSync } from 'node:zlib';

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const b of bytes) c = TABLE[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}

/**
 * Encodes pixels as PNG.
 * @param pixels `[height, width]` (grey, or indices if a palette is given), `[height, width, 3]` or `[height, width, 4]`
 * @param options.palette up to 256 colours that `pixels` index
 */
export function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  { palette }: { palette?: [r: number, g: number, b: number][] } = {},
): Buffer {
  const depth = pixels.length / (width * height);
  const stride = width * depth;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const at = y * (stride + 1);
    rows[at] = palette ? 0 : 1; // palettes compress best unfiltered, tones as differences to the left
    for (let x = 0; x < stride; x++) {
      const left = palette || x < depth ? 0 : pixels[y * stride + x - depth];
      rows[at + 1 + x] = pixels[y * stride + x] - left;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, palette ? 3 : { 1: 0, 3: 2, 4: 6 }[depth]!, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    ...(palette ? [chunk('PLTE', Uint8Array.from(palette.flat()))] : []),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** The same as a `data:` address. */
export function pngUrl(...image: Parameters<typeof encodePng>): string {
  return 'data:image/png;base64,' + encodePng(...image).toString('base64');
}

// The bytes of each frame of a DICOM image, as they are or compressed.

import type { Header } from './header.js';
import { broken, isNative, parser, type Parsed } from './parse.js';

/** Bytes of frame number `frame`, still in the transfer syntax. Throws DataError 'image' where they are not all there. */
export function frameBytes(parsed: Parsed, header: Header, frame: number): Uint8Array {
  const { bytes, file } = parsed;
  const { pixels } = header;
  if (isNative(parsed.syntax)) {
    const values = header.rows * header.columns * header.samples;
    // YBR_FULL_422 stores two of four colour samples
    const subsampled = header.photometric === 'YBR_FULL_422' ? 2 / 3 : 1;
    const bits = values * header.allocated * subsampled;
    // of one bit a pixel, a frame may begin and end within a byte
    const from = Math.floor((frame * bits) / 8);
    const length = Math.ceil(((frame + 1) * bits) / 8) - from;
    const there = Math.min(pixels.length, bytes.length - pixels.dataOffset);
    if (from + length > there)
      throw broken(
        file,
        `its pixel data are shorter than Rows × Columns: ${there} bytes, where ${header.frames} frame${header.frames === 1 ? '' : 's'} of ${header.rows} × ${header.columns} pixels of ${header.allocated} bits need ${Math.ceil((header.frames * bits) / 8)}`,
      );
    return bytes.subarray(pixels.dataOffset + from, pixels.dataOffset + from + length);
  }
  if (!pixels.encapsulatedPixelData || !pixels.fragments?.length)
    throw broken(
      file,
      `its transfer syntax ${parsed.syntax} is a compressed one, but its pixels are not packed as such`,
    );
  const { fragments } = pixels;
  try {
    if (fragments.length === header.frames) return join(parsed, fragments, frame, frame + 1);
    if (header.frames === 1) return join(parsed, fragments, 0, fragments.length);
    if (pixels.basicOffsetTable?.length)
      return Buffer.from(parser().readEncapsulatedImageFrame(parsed.dataset, pixels, frame));
    const offsets = frameStarts(parsed, fragments);
    if (offsets.length === header.frames)
      return join(parsed, fragments, offsets[frame], offsets[frame + 1] ?? fragments.length);
  } catch (error) {
    throw broken(file, `the packed pixels of frame ${frame + 1} are not where its offset table says`, error);
  }
  throw broken(
    file,
    `it has ${fragments.length} packed pieces for ${header.frames} frames, and no table which belong together`,
  );
}

type Fragments = NonNullable<Parsed['dataset']['elements'][string]['fragments']>;

function join({ bytes, file }: Parsed, fragments: Fragments, from: number, to: number): Uint8Array {
  const parts = fragments.slice(from, to).map(({ position, length }) => {
    if (position + length > bytes.length) throw broken(file, 'its packed pixels are cut off');
    return bytes.subarray(position, position + length);
  });
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

/** Fragments that a JPEG, JPEG-LS or JPEG 2000 stream begins in. */
const frameStarts = ({ bytes }: Parsed, fragments: Fragments): number[] =>
  fragments.flatMap(({ position }, i) => {
    const mark = (bytes[position] << 8) | bytes[position + 1];
    return mark === 0xffd8 || mark === 0xff4f ? [i] : [];
  });

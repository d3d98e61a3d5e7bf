// Ordinary JPEG files, decoded at once on the thread that asks: libjpeg-turbo as WebAssembly takes a third of the time that sharp's pipeline does.

import { createRequire } from 'node:module';
import type { Picture } from './picture.js';

interface Decoder {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8ClampedArray;
  decode(): void;
  delete(): void;
}
type Codec = () => Promise<{ JPEGDecoder: new () => Decoder }>;

let codec: ReturnType<Codec> | undefined;
let decoder: Decoder | undefined;

/**
 * The picture in a JPEG file of one or three channels, with the values that sharp and Pillow give; undefined for any other file, for one that is turned (EXIF) or has
 * a colour profile, for one that is larger than `most` pixels on a side, and for a damaged one.
 */
export async function decodeJpeg(file: Uint8Array, most: number): Promise<Picture | undefined> {
  const head = jpegHead(file);
  if (!head?.plain || head.bits !== 8 || head.width > most || head.height > most) return undefined;
  const { width, height, channels } = head;
  if (channels !== 1 && channels !== 3) return undefined;
  codec ??= (
    createRequire(import.meta.url)('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs') as Codec
  )();
  const { JPEGDecoder } = await codec;
  decoder ??= new JPEGDecoder();
  try {
    decoder.getEncodedBuffer(file.length).set(file);
    decoder.decode();
    return { pixels: Uint8Array.from(decoder.getDecodedBuffer()), width, height, channels };
  } catch {
    decoder.delete();
    decoder = undefined;
    return undefined;
  }
}

const frames = new Set([0xc0, 0xc1, 0xc2, 0xc3]); // baseline, extended, progressive, lossless
const jfif = 0xe0;
const exif = 0xe1;
const profile = 0xe2;
const adobe = 0xee;
const scan = 0xda;

/** What the markers before the first scan of a JPEG stream say. */
export interface JpegHead {
  /** Of a sample. */
  bits: number;
  width: number;
  height: number;
  channels: number;
  /** Without EXIF, colour profile and Adobe's marker, which change what the samples mean. */
  plain: boolean;
  /** With JFIF's marker or Adobe's, which tell YBR from RGB. */
  saysColours: boolean;
}

/** Undefined for anything but a JPEG stream that is baseline, extended, progressive or lossless. */
export function jpegHead(file: Uint8Array): JpegHead | undefined {
  if (file[0] !== 0xff || file[1] !== 0xd8) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let head: Omit<JpegHead, 'plain' | 'saysColours'> | undefined;
  let plain = true;
  let saysColours = false;
  for (let at = 2; at + 9 < file.length && file[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = file[at + 1];
    if (marker === exif || marker === profile || marker === adobe) plain = false;
    if (marker === jfif || marker === adobe) saysColours = true;
    if (marker === scan) return head && { ...head, plain, saysColours };
    if (!frames.has(marker)) continue;
    const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
    head = { bits: file[at + 4], height, width, channels: file[at + 9] };
  }
  return undefined;
}

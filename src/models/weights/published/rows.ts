// How the tables of published weights are written: a row for an architecture and a tag.

/** How a picture is resized before its middle is cut out. */
type Interpolation = 'bilinear' | 'bicubic';

/** Means and standard deviations of the channels, by the name that rows give them. */
export const statistics = {
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  half: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  kinetics: { mean: [0.43216, 0.394666, 0.37645], std: [0.22803, 0.22145, 0.216989] },
  clip: { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
  dpn: { mean: [124 / 255, 117 / 255, 104 / 255], std: Array<number>(3).fill(1 / (0.0167 * 255)) },
};
type Statistics = keyof typeof statistics;

export type TorchvisionRow = readonly [
  model: string,
  tag: string,
  file: string,
  /** To a thousandth of 2^20 bytes. */
  mebibytes: number,
  /** Top-1 in per cent, by torchvision. */
  accuracy: number,
  size: number,
  resize: number | readonly [height: number, width: number],
  interpolation: Interpolation,
  statistics: Statistics,
  best: boolean,
  licence?: string,
];

export type TimmRow = readonly [
  model: string,
  /** With timm's name of the network before it where that is another. */
  tag: string,
  size: number,
  /** Size as a part of the side that the picture is resized to. */
  crop: number,
  interpolation: Interpolation,
  statistics: Statistics,
  licence: string,
  best: boolean,
  more?: {
    /** Where it isn't on the hub. */
    url?: string;
    /** Both sides are resized, whatever the picture's shape. */
    squash?: boolean;
    /** Where they aren't 1,000. */
    classes?: number;
  },
];

// Pictures under a projection.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../tfjs.js';
import { attr, register, run, type Tensor } from './kernel.js';

interface Projection {
  interpolation: string;
  fillMode: string;
  fillValue: number;
  outputShape?: [number, number];
}

const project = (image: Tensor, transforms: Tensor, p: Projection): Tensor =>
  run(
    'ImageProjectiveTransformV3',
    [
      attr.type('dtype', image.dtype),
      attr.text('interpolation', p.interpolation.toUpperCase()),
      attr.text('fill_mode', p.fillMode.toUpperCase()),
    ],
    [
      image,
      transforms,
      tf.tensor1d(p.outputShape ?? [image.shape[1]!, image.shape[2]!], 'int32'),
      tf.scalar(p.fillValue),
    ],
  );

interface Resizing {
  alignCorners: boolean;
  halfPixelCenters: boolean;
}
const resizing = (images: Tensor, { alignCorners, halfPixelCenters }: Resizing) => [
  attr.type('T', images.dtype),
  attr.bool('align_corners', alignCorners),
  attr.bool('half_pixel_centers', halfPixelCenters),
];

export function registerImage(): void {
  register({
    // tfjs-node's know nothing of half pixels
    ResizeBilinearGrad: ({ dy, images }, attrs) =>
      run('ResizeBilinearGrad', resizing(images, attrs as unknown as Resizing), [dy, images]),
    ResizeNearestNeighborGrad: ({ dy, images }, attrs) =>
      run('ResizeNearestNeighborGrad', resizing(images, attrs as unknown as Resizing), [
        dy,
        tf.tensor1d(images.shape.slice(1, 3), 'int32'),
      ]),

    Transform: ({ image, transforms }, attrs) => project(image, transforms, attrs as unknown as Projection),

    RotateWithOffset: ({ image }, attrs) => {
      const { radians, fillValue, center } = attrs as {
        radians: number;
        fillValue: number | [number, number, number];
        center: number | [number, number];
      };
      const [, height, width, channels] = image.shape as [number, number, number, number];
      const [x, y] = tf.backend_util.getImageCenter(center, height, width);
      const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
      const matrix = tf.tensor2d([[cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos, 0, 0]]);
      const rotate = (t: Tensor, fill: number): Tensor =>
        project(t, matrix, { interpolation: 'nearest', fillMode: 'constant', fillValue: fill });
      if (typeof fillValue === 'number') return rotate(image, fillValue);
      const colour = [...fillValue, 255].slice(0, channels); // the fourth channel is opacity
      const inside = rotate(tf.onesLike(image), 0);
      const fill = tf.tensor1d(colour, image.dtype as 'float32' | 'int32') as tfjs.Tensor;
      return tf.where(tf.greater(inside, 0), rotate(image, 0), fill);
    },
  });
}

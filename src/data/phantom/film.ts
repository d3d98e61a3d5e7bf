// One film of a phantom: the body's densities, the finding, what lies on it, then exposure and noise.
// Brightness is density as on a film viewed on a screen: bone and fluid bright, air dark.

import { random } from '../random.js';
import type { Film, Patient } from './anatomy.js';
import { addNoise } from './draw.js';
import { drawBody, drawVessels } from './body.js';
import type { Disease } from './findings.js';
import { frameOf } from './frame.js';
import { drawField, shade, show, type Scene } from './lesions.js';
import { drawLines, drawMarks, type Marks } from './marks.js';

export interface Picture {
  /** [size, size], 8 bits. */
  pixels: Uint8Array;
  /** [size, size], 1 where the lesion is. */
  mask: Uint8Array;
  /** [size, size], 1 where the lungs are, or would be if the finding didn't fill them or push them away. */
  lungs: Uint8Array;
}

export interface Shot {
  patient: Patient;
  disease: Disease;
  severity: number;
  film: Film;
  marks: Marks;
  /** The data set's seed, the patient's number, the film's number: what all random numbers of this film come from. */
  keys: readonly [seed: number, person: number, film: number];
  /** Factor on the noise. */
  noise: number;
}

export function drawPicture(
  { patient, disease, severity, film, marks, keys, noise }: Shot,
  size: number,
): Picture {
  const seed = keys.slice(0, 2);
  const [density, air, lesion, seen, xs, ys] = cleanPlanes(size);
  const f = frameOf(patient, film, size, xs, ys);
  const scene: Scene = { f, disease, severity, seed, density, air, lesion };
  drawBody(density, air, f, random(...seed, 'tissue'), random(...keys, 'fine'));
  drawField(scene);
  show(scene, seen);
  drawVessels(density, seen, f, random(...seed, 'vessels'));
  shade(scene);
  drawLines(density, f, random(...keys, 'lines'));
  addNoise(seen.fill(0), random(...keys, 'noise'), size, 0.022 * film.noise * noise);
  const pixels = expose(density, seen, film, marks.hospital, size);
  drawMarks(pixels, seen.fill(0), marks, size, random(...keys, 'marks'));
  const mask = new Uint8Array(size * size);
  const lungs = new Uint8Array(size * size);
  for (let at = 0; at < mask.length; at++) {
    if (air[at] <= 0.5) continue;
    lungs[at] = 1;
    if (lesion[at] > 0.35) mask[at] = 1;
  }
  return { pixels, mask, lungs };
}

let planes: Float32Array[] = [];

/** Six planes of zeros. The last film's are used again where the size is the same: new ones for each would keep the collector busy. */
function cleanPlanes(size: number): Float32Array[] {
  if (planes[0]?.length === size * size) for (const plane of planes) plane.fill(0);
  else planes = Array.from({ length: 6 }, () => new Float32Array(size * size));
  return planes;
}

/** From density to the film's grey values: exposure, contrast, gamma, the hospital's look, noise. */
function expose(
  density: Float32Array,
  grain: Float32Array,
  film: Film,
  hospital: Marks['hospital'],
  size: number,
): Uint8Array {
  const other = hospital === 'hospital-b';
  const contrast = film.contrast * (other ? 0.85 : 1.05) * 1.25;
  const lift = film.exposure + (other ? 0.06 : -0.02) + 0.45 - 0.45 * contrast;
  const tones = toneCurve(film.gamma * (other ? 0.9 : 1.1));
  const pixels = new Uint8Array(size * size);
  for (let j = 0, at = 0; j < size; j++) {
    const v = (j / size) * 2 - 1;
    for (let i = 0; i < size; i++, at++) {
      let d = density[at] * contrast + lift + grain[at] * (1.2 - 0.6 * density[at]);
      if (other) {
        const u = (i / size) * 2 - 1;
        d -= 0.09 * (u * u + v * v); // light falls off towards the corners
      }
      pixels[at] = tones[d < 0 ? 0 : d > 1 ? 1024 : (d * 1024) | 0] + 0.5;
    }
  }
  return pixels;
}

/** 255 xᵞ without `Math.pow`, whose last bits differ between engines: between x and x² for γ of 1 to 2, √x and x below. */
function toneCurve(gamma: number): Float32Array {
  return Float32Array.from({ length: 1025 }, (_, i) => {
    const x = i / 1024;
    return (
      255 *
      (gamma >= 1
        ? x * (2 - gamma) + x * x * (gamma - 1)
        : 2 * Math.sqrt(x) * (1 - gamma) + x * (2 * gamma - 1))
    );
  });
}

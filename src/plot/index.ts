// Plot: figures that show themselves in a notebook, interactive where scripts run, a still picture where
// they don't, always without a network.

export { activations, type ActivationMaps } from './activations.js';
export { augmentations } from './augmentations.js';
export { bars } from './bars.js';
export { cam, type CamFilm } from './cam.js';
export { confusion } from './confusion.js';
export { curves, type CurvesHistory } from './curves.js';
export { PlotError } from '../plotly/errors.js';
export type { Figure, MimeBundle } from './figure.js';
export { gallery } from './gallery.js';
export { configure, reset, type Embed } from '../plotly/library.js';
export { liveHtml, type LiveState } from './live.js';
export type { Film } from './picture.js';
export { roc } from './roc.js';
export { save } from './save.js';
export { volume, type Scan, type VolumeOptions } from './volume.js';

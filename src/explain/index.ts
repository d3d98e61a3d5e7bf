// Explanations: what a layer sees, and where in the film a class gets its logit from.

export { gradCam, normalise, onLesion, overlay, resize, type Cam, type GradCamOptions } from './gradcam.js';
export { activationMaps, type ActivationMaps } from './activations.js';
export { ExplainError } from './errors.js';

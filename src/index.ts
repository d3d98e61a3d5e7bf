// What a notebook imports: `import { data, models, train, metrics, transfer, explain, plot, widgets, progress, tf } from 'cellgrad'`.

export { tf, device } from './compute/index.js';
export * as compute from './compute/public.js';
export * as data from './data/index.js';
export * as explain from './explain/index.js';
export * as metrics from './metrics/index.js';
export * as models from './models/index.js';
export * as plot from './plot/index.js';
export { progress, type Progress, type ProgressOptions } from './progress/index.js';
export * as train from './train/index.js';
export * as transfer from './transfer/index.js';
export * as widgets from './widgets/index.js';

// ResNet-18 from scratch on the shared chest X-rays: the protocol of ../shared/bench/cxr_resnet18_torch.py.

import { create } from '../src/models/index.js';
import { openCxr, options, run } from './cxr.js';

const { seed, root, epochs = 15, precision } = options();
const set = await openCxr(root);
const model = await create('resnet18', { classes: set.classes, inputShape: [96, 96], seed });
// the protocol's own constants, the same for every channel
Object.assign(model.preprocessing, { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
await run('cxr-resnet18', model, set, { epochs, batch: 32, learningRate: 1e-3, seed, precision });

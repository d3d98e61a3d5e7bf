// EfficientNet-Lite0 fine-tuned from ImageNet on the shared chest X-rays: the protocol of ../shared/bench/cxr_finetune_torch.py.

import { create } from '../src/models/index.js';
import { openCxr, options, run } from './cxr.js';

const { seed, root, epochs = 8, precision } = options();
const set = await openCxr(root);
const model = await create('tf_efficientnet_lite0', {
  classes: set.classes,
  inputShape: [160, 160],
  weights: 'imagenet',
  seed,
});
await run('cxr-finetune', model, set, { epochs, batch: 32, learningRate: 3e-4, seed, precision });

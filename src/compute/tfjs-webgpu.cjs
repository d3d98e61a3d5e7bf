// Entry of the bundle of tfjs's WebGPU backend; scripts/build.mjs puts it on the process's one tfjs.
require('@tensorflow/tfjs-backend-webgpu/dist/flags_webgpu');
require('@tensorflow/tfjs-backend-webgpu/dist/register_all_kernels');
const { WebGPUBackend } = require('@tensorflow/tfjs-backend-webgpu/dist/backend_webgpu');
module.exports = { WebGPUBackend };

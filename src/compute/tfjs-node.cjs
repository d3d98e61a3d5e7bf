// Entry of the bundle of what tfjs-node-gpu provides in JavaScript: kernels, backend, file system router, tf.node.
// scripts/build.mjs bundles it, so that nobody who installs cellgrad runs that package's install script.
require('@tensorflow/tfjs-node-gpu/dist/register_all_kernels');
const { NodeJSKernelBackend } = require('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend');
const { nodeFileSystemRouter } = require('@tensorflow/tfjs-node-gpu/dist/io/file_system');
const io = require('@tensorflow/tfjs-node-gpu/dist/io/index');
const { node } = require('@tensorflow/tfjs-node-gpu/dist/node');
const { ProgbarLogger } = require('@tensorflow/tfjs-node-gpu/dist/callbacks');
const { version } = require('@tensorflow/tfjs-node-gpu/dist/version');
module.exports = { NodeJSKernelBackend, nodeFileSystemRouter, io, node, ProgbarLogger, version };

// The Jupyter kernel for TypeScript. It knows nothing of images or models: it evaluates cells on the main
// thread (kernel.ts) and talks Jupyter's protocol on another (sockets.ts).
export { startKernel } from './start.js';
export { ConnectionError, readConnection } from './connection.js';

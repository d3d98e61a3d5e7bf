// Node's `util` for the bundle of tfjs-node, which calls two functions that Node 23 removed.
const util = require('node:util');
module.exports = {
  promisify: util.promisify,
  isArray: Array.isArray,
  isNullOrUndefined: (value) => value === null || value === undefined,
};

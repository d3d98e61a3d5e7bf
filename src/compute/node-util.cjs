// Node's `util` for the bundles, of whose packages one calls two functions that Node 23 removed.
const util = require('node:util');
module.exports = Object.assign(Object.create(util), {
  isArray: Array.isArray,
  isNullOrUndefined: (value) => value === null || value === undefined,
});

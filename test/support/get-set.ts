// Fetches the set that its argument describes; to be killed meanwhile.

import * as data from '../../src/data/index.js';

await data.get(JSON.parse(process.argv[2]) as data.ManifestDescription, { accept: true });

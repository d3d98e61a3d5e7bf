import { list } from '../../src/models/index.js';
import { oneStep } from '../support/one-step.js';

describe('every model is built, learns and leaves nothing behind', () => {
  for (const name of list()) it(name, () => oneStep(name));
});

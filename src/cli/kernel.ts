// `cellgrad kernel`: what Jupyter starts.
import { requireOneTf } from '../compute/one-tf.js';
import { readConnection, startKernel } from '../kernel/index.js';
import { UsageError } from './errors.js';

export function kernel(connectionFile: string): void {
  let connection;
  try {
    connection = readConnection(connectionFile);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  requireOneTf();
  startKernel(connection);
}

// `cellgrad kernel`: what Jupyter starts.
import { requireOneTf } from '../compute/one-tf.js';
import { ConnectionError, readConnection, startKernel } from '../kernel/index.js';
import { UsageError } from './errors.js';

export function kernel(connectionFile: string): void {
  let connection;
  try {
    connection = readConnection(connectionFile);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    throw new UsageError(error.message);
  }
  requireOneTf();
  startKernel(connection, connectionFile);
}

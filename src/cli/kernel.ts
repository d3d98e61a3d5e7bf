// `cellgrad kernel`: what Jupyter starts.
import { ConnectionError, readConnection, startKernel } from '../kernel/index.js';
import { UsageError } from './errors.js';

export async function kernel(connectionFile: string): Promise<void> {
  let connection;
  try {
    connection = readConnection(connectionFile);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    throw new UsageError(error.message);
  }
  await startKernel(connection, connectionFile, async () =>
    (await import('../compute/one-tf.js')).requireOneTf(),
  );
}

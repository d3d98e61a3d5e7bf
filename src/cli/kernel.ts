// `cellgrad kernel`: what Jupyter starts.
import { readConnection, startKernel } from '../kernel/index.js';
import { UsageError } from './errors.js';

export function kernel(connectionFile: string): void {
  let connection;
  try {
    connection = readConnection(connectionFile);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  startKernel(connection);
}

// `cellgrad kernel`: what Jupyter starts.
import { readConnection, startKernel } from '../kernel/index.js';
import { UsageError } from './errors.js';
import type { Parsed } from './options.js';

export async function kernel(options: Parsed): Promise<undefined> {
  const file = options.one('connection-file');
  if (!file) throw new UsageError('cellgrad kernel needs --connection-file FILE; Jupyter gives it.');
  let connection;
  try {
    connection = readConnection(file);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  startKernel(connection);
  return undefined;
}

// `cellgrad install`: where Jupyter looks for our kernelspec.
import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { FileError } from '../files.js';
import { UsageError } from './errors.js';
import { writeKernelspec } from './kernelspec.js';

export interface InstallFlags {
  user?: boolean;
  prefix?: string;
  sysPrefix?: boolean;
  name: string;
}

export function install(flags: InstallFlags): number {
  const folder = specFolder(flags);
  try {
    writeKernelspec(folder);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new UsageError(`The kernel can't be registered: ${error.message}`, 1);
  }
  process.stdout.write(`Registered the kernel "${flags.name}" in ${folder}\n`);
  return 0;
}

export function uninstall(flags: InstallFlags): number {
  const folder = specFolder(flags);
  if (!existsSync(join(folder, 'kernel.json')))
    throw new UsageError(`No kernel "${flags.name}" is registered in ${dirname(folder)}.`, 1);
  try {
    rmSync(folder, { recursive: true });
  } catch (cause) {
    throw new UsageError(`${folder} can't be removed: ${(cause as Error).message}`, 1);
  }
  process.stdout.write(`Removed ${folder}\n`);
  return 0;
}

function specFolder({ name, ...flags }: InstallFlags): string {
  // the rule of jupyter_client
  if (!/^[a-z0-9._-]+$/i.test(name) || /^\.+$/.test(name))
    throw new UsageError(`"${name}" can't name a kernel: only letters, digits, ".", "_" and "-" can.`);
  return join(jupyterFolder(flags), 'kernels', name.toLowerCase());
}

function jupyterFolder(flags: Omit<InstallFlags, 'name'>): string {
  const prefix = flags.sysPrefix ? environmentPrefix() : flags.prefix;
  if (prefix !== undefined) return resolve(prefix, 'share', 'jupyter');
  if (process.env.JUPYTER_DATA_DIR) return resolve(process.env.JUPYTER_DATA_DIR);
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Jupyter');
  if (process.platform === 'win32')
    return join(process.env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'jupyter');
  return join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'jupyter');
}

function environmentPrefix(): string {
  const prefix = process.env.VIRTUAL_ENV || process.env.CONDA_PREFIX;
  if (!prefix)
    throw new UsageError(
      'No Python environment is active (VIRTUAL_ENV and CONDA_PREFIX are empty); use --prefix FOLDER.',
    );
  return prefix;
}

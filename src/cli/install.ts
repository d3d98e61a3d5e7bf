// `cellgrad install`: the kernelspec that tells Jupyter how to start us.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { kernelArguments } from './spawn.js';
import { UsageError } from './errors.js';
import type { Parsed } from './options.js';

export async function install(options: Parsed): Promise<number> {
  const folder = specFolder(options);
  const spec = {
    argv: [process.execPath, ...kernelArguments(), '--connection-file', '{connection_file}'],
    display_name: 'TypeScript (cellgrad)',
    language: 'typescript',
    interrupt_mode: 'message',
    metadata: { debugger: false },
  };
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'kernel.json'), `${JSON.stringify(spec, null, 2)}\n`);
    writeFileSync(join(folder, 'logo-svg.svg'), LOGO);
  } catch (cause) {
    throw new UsageError(`The kernel can't be registered in ${folder}: ${(cause as Error).message}`, 1);
  }
  process.stdout.write(`Registered the kernel "${nameOf(options)}" in ${folder}\n`);
  return 0;
}

export async function uninstall(options: Parsed): Promise<number> {
  const folder = specFolder(options);
  if (!existsSync(join(folder, 'kernel.json')))
    throw new UsageError(`No kernel "${nameOf(options)}" is registered in ${dirname(folder)}.`, 1);
  rmSync(folder, { recursive: true });
  process.stdout.write(`Removed ${folder}\n`);
  return 0;
}

function nameOf(options: Parsed): string {
  const name = options.one('name') ?? 'cellgrad';
  // the rule of jupyter_client
  if (!/^[a-z0-9._-]+$/i.test(name))
    throw new UsageError(`"${name}" can't name a kernel: only letters, digits, ".", "_" and "-" can.`);
  return name;
}

function specFolder(options: Parsed): string {
  const places = ['user', 'prefix', 'sys-prefix'].filter((place) => options.has(place));
  if (places.length > 1) throw new UsageError(`Choose one of --${places.join(' and --')}.`);
  return join(jupyterFolder(options), 'kernels', nameOf(options).toLowerCase());
}

function jupyterFolder(options: Parsed): string {
  const prefix = options.has('sys-prefix') ? environmentPrefix() : options.one('prefix');
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

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="10" fill="#1f4e79"/><path d="M12 46 26 20l12 18 14-20" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/><circle cx="52" cy="18" r="5" fill="#ffb347"/></svg>
`;

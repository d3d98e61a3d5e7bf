// Where Jupyter looks for kernels, and which of them start cellgrad.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

export interface Kernelspec {
  name: string;
  folder: string;
  /** Why it can't start; undefined when what it names is there. */
  broken?: string;
}

/** Jupyter's data folders of this user, of the active Python environment and of the machine. */
export function jupyterFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const home = homedir();
  const user =
    env.JUPYTER_DATA_DIR ||
    (process.platform === 'darwin'
      ? join(home, 'Library', 'Jupyter')
      : process.platform === 'win32'
        ? join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'jupyter')
        : join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'jupyter'));
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter((p) => p !== undefined && p !== '') as string[];
  const machine =
    process.platform === 'win32'
      ? [join(env.PROGRAMDATA ?? 'C:\\ProgramData', 'jupyter')]
      : ['/usr/local/share/jupyter', '/usr/share/jupyter'];
  return [
    ...(env.JUPYTER_PATH ?? '').split(delimiter).filter(Boolean),
    user,
    ...prefixes.map((p) => join(p, 'share', 'jupyter')),
    ...machine,
  ];
}

/** The kernelspecs that start cellgrad, in the order in which Jupyter finds them. */
export function kernelspecs(folders = jupyterFolders()): Kernelspec[] {
  const found: Kernelspec[] = [];
  for (const base of folders) {
    const kernels = join(base, 'kernels');
    if (!existsSync(kernels)) continue;
    for (const name of readdirSync(kernels)) {
      const folder = join(kernels, name);
      let argv: string[];
      try {
        argv = (JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8')) as { argv: string[] }).argv;
      } catch {
        continue;
      }
      if (!Array.isArray(argv)) continue;
      const main = argv.find((a) => /[\\/]cli[\\/]main\.js$/.test(a));
      if (!main || argv[argv.indexOf(main) + 1] !== 'kernel') continue;
      const gone = [argv[0], main].filter((f) => isAbsolute(f) && !existsSync(f));
      found.push({ name, folder, ...(gone.length ? { broken: `${gone.join(' and ')} is gone` } : {}) });
    }
  }
  return found;
}

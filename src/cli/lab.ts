// `cellgrad lab`: an installed JupyterLab, Notebook or console with our kernel, which needn't be registered for that.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { UsageError } from './errors.js';
import { writeKernelspec } from './kernelspec.js';

export interface LabFlags {
  notebook?: boolean;
  console?: boolean;
}

interface Program {
  title: string;
  /** In a folder of programs. */
  file: string;
  /** For `python3 -m`. */
  module: string;
  /** In the Python package index. */
  project: string;
  args: string[];
}

// -y: one Ctrl-C is enough
const SERVER = ['-y', '--MultiKernelManager.default_kernel_name=cellgrad'];
const LAB: Program = {
  title: 'JupyterLab',
  file: 'jupyter-lab',
  module: 'jupyterlab',
  project: 'jupyterlab',
  args: SERVER,
};
const NOTEBOOK: Program = {
  title: 'Jupyter Notebook',
  file: 'jupyter-notebook',
  module: 'notebook',
  project: 'notebook',
  args: SERVER,
};
const CONSOLE: Program = {
  title: 'Jupyter console',
  file: 'jupyter-console',
  module: 'jupyter_console',
  project: 'jupyter-console',
  args: [
    '--kernel=cellgrad',
    // the first completion reads the types of what a cell may use, which takes a busy machine seconds
    '--ZMQCompleter.timeout=30',
    '--ZMQTerminalInteractiveShell.kernel_is_complete_timeout=10',
  ],
};

/** Resolves with the program's exit code when it has ended. */
export async function lab(args: string[], flags: LabFlags): Promise<number> {
  const program = flags.console ? CONSOLE : flags.notebook ? NOTEBOOK : LAB;
  const [file, ...before] = find(program);
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-jupyter-'));
  try {
    writeKernelspec(join(folder, 'kernels', 'cellgrad'));
    const path = [folder, process.env.JUPYTER_PATH].filter(Boolean).join(delimiter);
    return await follow(file, [...before, ...program.args, ...args], path, !flags.console);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How to start it: a file and the arguments before its own. */
function find({ title, file, module, project }: Program): string[] {
  const windows = process.platform === 'win32';
  const programs = windows ? 'Scripts' : 'bin';
  const environments = [process.env.VIRTUAL_ENV, process.env.CONDA_PREFIX, '.venv'].filter(
    Boolean,
  ) as string[];
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).filter(Boolean),
    ...environments.map((environment) => join(environment, programs)),
  ];
  for (const folder of folders) {
    const path = join(folder, windows ? `${file}.exe` : file);
    if (existsSync(path) && statSync(path).isFile()) return [path];
  }
  const python = windows ? 'python' : 'python3';
  const look = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`;
  if (spawnSync(python, ['-c', look], { stdio: 'ignore' }).status === 0) return [python, '-m', module];
  throw new UsageError(
    `${title} is not installed here, or not found: "pip install ${project}" in a virtual environment, "pipx install ${project}" or "uv tool install ${project}" brings it.`,
    1,
  );
}

/** Passes signals on, and ends with the program. */
async function follow(
  file: string,
  args: string[],
  jupyterPath: string,
  passInterrupt: boolean,
): Promise<number> {
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, JUPYTER_PATH: jupyterPath } });
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => {
    // in a console Ctrl-C ends a cell, and the terminal has sent it already
    const handler = (): void => void (name !== 'SIGINT' || passInterrupt ? child.kill(name) : undefined);
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error) => reject(new UsageError(`${file} can't be started: ${error.message}`, 1)));
      child.on('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 0)));
    });
  } finally {
    for (const release of handlers) release();
  }
}

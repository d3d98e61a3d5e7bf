// The subcommands: what each takes, and the module that does it, loaded only when it is called.
import type { CommandSpec, Parsed } from './options.js';

export interface Command extends CommandSpec {
  /** Resolves to the exit code, or to undefined for a command that goes on running. */
  load(): Promise<(options: Parsed) => Promise<number | undefined>>;
}

export const commands: Record<string, Command> = {
  install: {
    summary: 'Registers the kernel with Jupyter, for this user by default.',
    options: {
      user: { help: 'for this user (the default)' },
      prefix: { value: 'FOLDER', help: 'under FOLDER/share/jupyter, such as a virtual environment' },
      'sys-prefix': { help: 'in the active Python environment (VIRTUAL_ENV or CONDA_PREFIX)' },
      name: { value: 'NAME', help: 'the kernel’s name, "cellgrad" by default' },
    },
    load: async () => (await import('./install.js')).install,
  },
  uninstall: {
    summary: 'Removes what install registered.',
    options: {
      user: { help: 'for this user (the default)' },
      prefix: { value: 'FOLDER', help: 'under FOLDER/share/jupyter' },
      'sys-prefix': { help: 'in the active Python environment' },
      name: { value: 'NAME', help: 'the kernel’s name, "cellgrad" by default' },
    },
    load: async () => (await import('./install.js')).uninstall,
  },
  run: {
    summary: 'Runs a notebook from top to bottom, without Jupyter or Python.',
    positional: ['NOTEBOOK'],
    options: {
      output: { value: 'FILE', help: 'the executed notebook, out/NAME.ipynb by default' },
      html: { value: 'FILE', help: 'the report, out/NAME.html by default' },
      param: { value: 'KEY=VALUE', many: true, help: 'overrides a value of the cell tagged "parameters"' },
      timeout: { value: 'SECONDS', help: 'the most a cell may take; without it, any time' },
      'allow-errors': { help: 'goes on after a cell that fails' },
      verbose: { help: 'shows what cells print while they run' },
    },
    load: async () => (await import('./run.js')).run,
  },
  doctor: {
    summary: 'Says what this machine offers and whether everything works.',
    options: { json: { help: 'as JSON' } },
    load: async () => (await import('./doctor.js')).runDoctor,
  },
  kernel: {
    summary: 'Starts a kernel; Jupyter calls this.',
    options: { 'connection-file': { value: 'FILE', help: 'where to meet the front end' } },
    hidden: true,
    load: async () => (await import('./kernel.js')).kernel,
  },
};

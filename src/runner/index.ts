// Runs notebooks without Jupyter: reads one, sets its parameters, executes it in a kernel process of its
// own, and writes it as a notebook and as a page.
export { RunError, type RunCode } from './errors.js';
export { notebookHtml, type HtmlOptions } from './html/page.js';
export {
  formatNotebook,
  parseNotebook,
  readNotebook,
  type Cell,
  type Notebook,
  type Output,
} from './notebook.js';
export { injectParameters } from './parameters.js';
export { terminalProgress, type Progress } from './progress.js';
export { runNotebook, type RunOptions, type RunResult } from './run.js';
export { isScript, parseScript, readScript, type Script } from './script.js';
export type { Failure } from './failure.js';

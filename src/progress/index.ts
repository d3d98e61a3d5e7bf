// Progress: bars that show how far a loop is, in a notebook and on a terminal, and what other displays of progress share.

export { progress, type Progress, type ProgressOptions } from './progress.js';

// Metrics: pure functions on labels and scores, equal to scikit-learn's.

export * from './confusion.js';
export * from './curves.js';
export * from './report.js';
export { MetricsError } from './errors.js';

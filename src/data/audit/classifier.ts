// Multinomial logistic regression with an L2 penalty: small, deterministic, no TensorFlow.

/** Rows of features, `[n, width]`. */
export interface Table {
  values: Float64Array;
  n: number;
  width: number;
}

export interface Fitted {
  /** The most probable class of each row. */
  predict(table: Table): Int32Array;
}

/**
 * Fits `labels` (class numbers) to standardised features by Nesterov's accelerated gradient with restarts (O'Donoghue and Candès 2015).
 * @param options.penalty weight of half the squared norm of the weights, per sample; the intercept is free
 */
export function fitLogistic(
  { values, n, width }: Table,
  labels: ArrayLike<number>,
  classes: number,
  { penalty = 0.01, steps = 80 }: { penalty?: number; steps?: number } = {},
): Fitted {
  const scale = standard(values, n, width);
  const x = scaled(values, n, width, scale);
  const d = width + 1;
  const weights = new Float64Array(d * classes);
  let ahead = weights.slice();
  const gradient = new Float64Array(d * classes);
  const logits = new Float64Array(classes);
  // the Hessian of the softmax is at most a half of that of the squares
  const step = 1 / (0.5 * largestEigenvalue(x, n, width) + penalty);
  let momentum = 1;
  for (let k = 0; k < steps; k++) {
    gradient.fill(0);
    for (let i = 0; i < n; i++) {
      softmax(x, i * width, width, ahead, logits);
      logits[labels[i]] -= 1;
      for (let c = 0; c < classes; c++) {
        const g = logits[c] / n;
        const at = c * d;
        for (let j = 0; j < width; j++) gradient[at + j] += g * x[i * width + j];
        gradient[at + width] += g;
      }
    }
    let uphill = 0;
    let largest = 0;
    const next = new Float64Array(ahead.length);
    for (let j = 0; j < next.length; j++) {
      if (j % d !== width) gradient[j] += penalty * ahead[j];
      next[j] = ahead[j] - step * gradient[j];
      uphill += gradient[j] * (next[j] - weights[j]);
      largest = Math.max(largest, Math.abs(gradient[j]));
    }
    const faster = uphill > 0 ? 1 : (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    const push = uphill > 0 ? 0 : (momentum - 1) / faster;
    ahead = next.map((w, j) => w + push * (w - weights[j]));
    weights.set(next);
    momentum = faster;
    if (largest < 1e-3) break;
  }
  return {
    predict(table) {
      const rows = scaled(table.values, table.n, width, scale);
      return Int32Array.from({ length: table.n }, (_, i) => {
        softmax(rows, i * width, width, weights, logits);
        return logits.indexOf(Math.max(...logits));
      });
    },
  };
}

interface Scale {
  mean: Float64Array;
  /** 1 / standard deviation, 0 where a feature is constant. */
  factor: Float64Array;
}

function standard(values: Float64Array, n: number, width: number): Scale {
  const mean = new Float64Array(width);
  const factor = new Float64Array(width);
  for (let i = 0; i < n; i++) for (let j = 0; j < width; j++) mean[j] += values[i * width + j] / n;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < width; j++) factor[j] += (values[i * width + j] - mean[j]) ** 2 / n;
  for (let j = 0; j < width; j++) factor[j] = factor[j] > 1e-12 ? 1 / Math.sqrt(factor[j]) : 0;
  return { mean, factor };
}

function scaled(values: Float64Array, n: number, width: number, { mean, factor }: Scale): Float64Array {
  const out = new Float64Array(n * width);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < width; j++) {
      const v = (values[i * width + j] - mean[j]) * factor[j];
      out[i * width + j] = v > 6 ? 6 : v < -6 ? -6 : v; // a feature out of all bounds must not decide alone
    }
  return out;
}

function softmax(x: Float64Array, at: number, width: number, weights: Float64Array, out: Float64Array): void {
  const d = width + 1;
  let top = -Infinity;
  for (let c = 0; c < out.length; c++) {
    let sum = weights[c * d + width];
    for (let j = 0; j < width; j++) sum += weights[c * d + j] * x[at + j];
    out[c] = sum;
    if (sum > top) top = sum;
  }
  let total = 0;
  for (let c = 0; c < out.length; c++) total += out[c] = Math.exp(out[c] - top);
  for (let c = 0; c < out.length; c++) out[c] /= total;
}

/** Of `[x 1]ᵀ[x 1] / n`, by power iteration, a little above. */
function largestEigenvalue(x: Float64Array, n: number, width: number): number {
  let v = new Float64Array(width).fill(1 / Math.sqrt(width));
  let size = 1;
  for (let k = 0; k < 12; k++) {
    const next = new Float64Array(width);
    for (let i = 0; i < n; i++) {
      let dot = 0;
      for (let j = 0; j < width; j++) dot += x[i * width + j] * v[j];
      for (let j = 0; j < width; j++) next[j] += (dot * x[i * width + j]) / n;
    }
    size = Math.sqrt(next.reduce((sum, a) => sum + a * a, 0));
    if (size < 1e-12) return 1;
    v = next.map((a) => a / size);
  }
  return 1.3 * size + 1;
}

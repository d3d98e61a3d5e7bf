// ROC curves, one a class against the rest.

import { auc as areaUnder, roc as rocOf } from '../metrics/index.js';
import { AXIS, series } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import { figure, titleHeight, type Figure } from './figure.js';
import { axis, LEGEND_RIGHT } from './frame.js';
import type { Trace } from './spec.js';
import { plain, shorten, textWidth } from './text.js';

/**
 * ROC curve of every class against the rest, its AUC in the legend, and the line of chance.
 * A class without positives or without negatives has no curve, and the legend says so.
 * @param truth class index of each sample
 * @param scores `[sample][class]`, probabilities or logits
 * @param options.classes names, in the order of the columns
 * @throws PlotError when lengths differ, a label is outside the classes or a score isn't finite
 */
export function roc(
  truth: ArrayLike<number>,
  scores: ArrayLike<ArrayLike<number>>,
  { classes, title = 'ROC curves' }: { classes?: string[]; title?: string } = {},
): Figure {
  if (!truth.length) throw new PlotError('empty', 'roc: there are no samples');
  if (truth.length !== scores.length)
    throw new PlotError('shape', `roc: ${truth.length} true labels but ${scores.length} rows of scores`);
  const k = classes?.length ?? scores[0].length;
  const names = classes ?? Array.from({ length: k }, (_, c) => `class ${c}`);
  for (let i = 0; i < truth.length; i++) {
    if (scores[i].length !== k)
      throw new PlotError('shape', `roc: row ${i} has ${scores[i].length} scores for ${k} classes`);
    if (!(Number.isInteger(truth[i]) && truth[i] >= 0 && truth[i] < k))
      throw new PlotError('value', `roc: sample ${i} has class ${truth[i]}, outside 0…${k - 1}`);
    for (let c = 0; c < k; c++)
      if (!Number.isFinite(scores[i][c]))
        throw new PlotError('value', `roc: sample ${i} has the score ${scores[i][c]} for ${names[c]}`);
  }
  const data: Trace[] = [
    {
      type: 'scatter',
      mode: 'lines',
      x: [0, 1],
      y: [0, 1],
      name: 'chance, AUC 0.500',
      line: { color: AXIS, width: 1.5, dash: 'dash' },
      hoverinfo: 'skip',
    },
  ];
  const said: string[] = [];
  names.forEach((name, c) => {
    const positive = Array.from(truth, (t) => t === c);
    const column = Array.from(scores, (s) => s[c]);
    const area = areaUnder(positive, column);
    const shown = shorten(name, 12, 150);
    const { color, dash } = series(c);
    const curve = Number.isNaN(area) ? { fpr: [], tpr: [] } : corners(rocOf(positive, column));
    said.push(`${name} ${Number.isNaN(area) ? 'no curve' : area.toFixed(3)}`);
    data.push({
      type: 'scatter',
      mode: 'lines',
      x: curve.fpr,
      y: curve.tpr,
      name: plain(`${shown}, ${Number.isNaN(area) ? 'one class only' : `AUC ${area.toFixed(3)}`}`),
      line: { color, width: 2.5, dash },
      hovertemplate: '1 − specificity %{x:.3f}, sensitivity %{y:.3f}',
    });
  });
  data.push(data.shift()!);
  const widest = Math.max(...data.map((t) => textWidth(t.name!, 12)));
  const margin = { l: 76, r: Math.round(widest + 32 + 32), t: titleHeight(title, 640) + 14, b: 58 };
  const side = 400;
  return figure({
    title,
    summary: `AUC ${said.join(', ')}; ${truth.length} samples`,
    data,
    layout: {
      margin,
      showlegend: true,
      legend: LEGEND_RIGHT,
      hovermode: 'closest',
      xaxis: axis('1 − specificity', { range: [-0.01, 1.01], tick0: 0, dtick: 0.2 }),
      yaxis: axis('sensitivity', { range: [-0.01, 1.01], tick0: 0, dtick: 0.2 }),
    },
    width: margin.l + margin.r + side,
    height: Math.max(margin.t + margin.b + side, margin.t + 20 * data.length + 20),
  });
}

/** Leaves out the points on straight runs: the same line with far fewer of them. */
function corners({ fpr, tpr }: { fpr: number[]; tpr: number[] }): { fpr: number[]; tpr: number[] } {
  const keep = fpr
    .map((_, i) => i)
    .filter(
      (i) =>
        i === 0 ||
        i === fpr.length - 1 ||
        !(
          (fpr[i - 1] === fpr[i] && fpr[i] === fpr[i + 1]) ||
          (tpr[i - 1] === tpr[i] && tpr[i] === tpr[i + 1])
        ),
    );
  return { fpr: keep.map((i) => fpr[i]), tpr: keep.map((i) => tpr[i]) };
}

import assert from 'node:assert/strict';
import * as metrics from '../../src/metrics/index.js';
import { needsShared, readFixture } from '../support/fixtures.js';

type Json = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
const near = (got: number, want: number): void =>
  assert.ok(Math.abs(got - want) <= 1e-9, `${got} is not ${want}`);
const all = (got: number[], want: number[]): void => {
  assert.equal(got.length, want.length);
  want.forEach((w, i) => near(got[i], w));
};

describe('metrics equal scikit-learn', function () {
  let f: Json;
  before(function () {
    needsShared(this);
    f = readFixture('metrics/expected.json');
  });

  it('binary rates', () => {
    const b = f.binary;
    const cm = metrics.confusionMatrix(
      b.y,
      b.score_a.map((s: number) => Number(s >= b.threshold)),
    );
    assert.deepEqual(cm, b.confusion);
    const pos = metrics.classRates(cm)[1];
    near(metrics.accuracy(cm), b.accuracy);
    near(metrics.balancedAccuracy(cm), b.balanced_accuracy);
    for (const k of ['precision', 'sensitivity', 'specificity', 'npv', 'f1'] as const) near(pos[k], b[k]);
    near(metrics.mcc(cm), b.mcc);
    near(metrics.kappa(cm), b.kappa);
  });

  it('ROC, AUC, precision-recall', () => {
    const b = f.binary;
    const r = metrics.roc(b.y, b.score_a);
    all(r.fpr, b.roc.fpr);
    all(r.tpr, b.roc.tpr);
    all(r.thresholds.slice(1), b.roc.thresholds.slice(1));
    near(metrics.auc(b.y, b.score_a), b.auc);
    const p = metrics.precisionRecall(b.y, b.score_a);
    all(p.precision, b.pr.precision);
    all(p.recall, b.pr.recall);
    all(p.thresholds, b.pr.thresholds);
    near(metrics.averagePrecision(b.y, b.score_a), b.average_precision);
  });

  it('several classes', () => {
    const m = f.multiclass;
    const cm = metrics.confusionMatrix(m.y, metrics.argmax(m.scores));
    assert.deepEqual(cm, m.confusion);
    const rates = metrics.classRates(cm);
    all(
      rates.map((r) => r.precision),
      m.precision,
    );
    all(
      rates.map((r) => r.sensitivity),
      m.recall,
    );
    all(
      rates.map((r) => r.specificity),
      m.specificity,
    );
    all(
      rates.map((r) => r.f1),
      m.f1,
    );
    near(metrics.macro(cm, 'f1'), m.macro.f1);
    near(metrics.weighted(cm, 'f1'), m.weighted.f1);
    near(metrics.weighted(cm, 'precision'), m.weighted.precision);
    near(metrics.aucOvr(m.y, m.scores), m.auc_ovr_macro);
    near(metrics.aucOvr(m.y, m.scores, { average: 'weighted' }), m.auc_ovr_weighted);
    near(metrics.aucOvo(m.y, m.scores), m.auc_ovo_macro);
    near(metrics.mcc(cm), m.mcc);
    near(metrics.kappa(cm), m.kappa);
    near(metrics.kappa(cm, { weights: 'quadratic' }), m.kappa_quadratic);
    const report = metrics.report(m.y, m.scores, { classes: ['a', 'b', 'c', 'd'] });
    near(report.macroF1, m.macro.f1);
    near(report.auc, m.auc_ovr_macro);
  });

  it('a class without samples has no recall, ties count half', () => {
    const a = f.edge.absent_class;
    const rates = metrics.classRates(metrics.confusionMatrix(a.y, a.pred, 3));
    all(
      rates.map((r) => r.precision),
      a.precision,
    );
    assert.ok(Number.isNaN(rates[2].sensitivity));
    near(metrics.auc(f.edge.tied.y, f.edge.tied.score), 0.5);
    assert.ok(Number.isNaN(metrics.auc([1, 1], [0.2, 0.3])));
  });
});

describe('metrics refuse what they cannot judge', () => {
  it('lists of different length', () =>
    assert.throws(() => metrics.confusionMatrix([0, 1], [0]), /2 true labels but 1 predictions/));
  it('a class outside the classes', () =>
    assert.throws(() => metrics.confusionMatrix([0, 3], [0, 1], 3), /sample 1: class 3 is outside 0…2/));
  it('a score that is no number', () =>
    assert.throws(() => metrics.roc([0, 1], [0.5, NaN]), /sample 1: its score is NaN/));
  it('no samples', () => assert.throws(() => metrics.report([], [], { classes: ['a'] }), /no samples/));
});

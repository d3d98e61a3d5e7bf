// The rows of a phantom data set: what is said of a film, a scan or a slice.

import type { Row } from '../dataset.js';
import { degreeOf, type Finding } from './findings.js';

export function rowOf(
  index: number,
  person: number,
  finding: Finding,
  { severity, day }: { severity: number; day: number },
  source: string,
  view: string,
  extra: Record<string, string>,
): Row {
  return {
    index,
    label: finding,
    patient: `phantom-${String(person).padStart(4, '0')}`,
    split: '',
    source,
    view,
    licence: 'CC0-1.0',
    extra: {
      finding,
      severity: severity.toFixed(3),
      degree: finding === 'normal' ? 'none' : degreeOf(severity),
      day: String(day),
      ...extra,
    },
  };
}

// What an audit of a set can't tell, for want of which column.

import { hasPatient, type Dataset } from '../dataset.js';
import { ageColumn, sexColumn, viewColumn } from './columns.js';

/** In sentences; empty where patients, splits, sources, views, sexes and ages are known. */
export function uncheckedOf(set: Dataset): string[] {
  const out: string[] = [];
  const nobodys = set.rows.filter((row) => !hasPatient(row)).length;
  if (nobodys > 0)
    out.push(
      `${nobodys === set.length ? 'Patients are not known (no column patient)' : `${nobodys} of ${set.length} images have no patient`}: ` +
        'that a patient is in two splits is seen only by copies of a film, and the class is guessed in cross-validation by film, copies on one side.',
    );
  const splits = Object.keys(set.counts('split'));
  if (splits.length < 2)
    out.push(
      `${splits[0] ? `All images are in the split '${splits[0]}'` : 'There is no split (no column split)'}: whether patients or films are on two sides can't be told.`,
    );
  const absent = [
    ...(set.rows.some((row) => row.source) ? [] : ['source']),
    ...(viewColumn(set) ? [] : ['view']),
    ...(sexColumn(set) ? [] : ['sex']),
    ...(ageColumn(set) ? [] : ['age']),
  ];
  if (absent.length > 0)
    out.push(
      `No column ${absent.join(', ')}: whether the class goes with ${absent.length === 1 ? 'it' : 'them'} can't be told.`,
    );
  return out;
}

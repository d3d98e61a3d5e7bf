// DICOM files without what tells who the patient is: PS3.15's basic profile, pseudonyms and UIDs by a key.

import { createHmac, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { writeWhole } from '../../files.js';
import { DataError, someOf } from '../errors.js';
import { bytesOf } from './image.js';
import { BIG_ENDIAN, guarded, IMPLICIT, isDicom, parse, type Element, type Parsed } from './parse.js';
import { actionOf } from './profile.js';
import { filesIn } from './series.js';
import { attribute } from './tags.js';
import { item, rewrite, type Additions, type Change, type Edit } from './write.js';

export interface DeidentifyOptions {
  /** Folder for the new files: PATIENT/SERIES/IMAGE.dcm, all of them pseudonyms. For one file it may be a path that ends in .dcm. */
  out: string;
  /**
   * Secret that pseudonyms, UIDs and shifts of dates come from: the same key gives the same ones, in other runs too. Who has it can link
   * patients again. Default: a new one, which the result holds.
   */
  key?: string;
  /** 'remove' (default): empty or taken out; 'shift': by the same 1 to 3,650 days for all of a patient's, so that intervals stay. */
  dates?: 'remove' | 'shift';
  /** Keywords that stay as they are, where a study needs them: ['PatientAge', 'PatientSex']. */
  keep?: readonly string[];
  /** 'throw' (default) at a file that is no DICOM or broken, or 'skip'. */
  onError?: 'throw' | 'skip';
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

export interface Deidentified {
  files: { from: string; to: string }[];
  /** Pseudonyms, in order of appearance. */
  patients: string[];
  key: string;
  /** Files left out, and pictures that may have names in their pixels. */
  notes: string[];
}

/**
 * Writes copies of a DICOM file, or of all in a folder, by the Basic Application Level Confidentiality Profile (PS3.15 annex E): names,
 * addresses, descriptions, dates, private elements and overlays go, UIDs are replaced consistently. Pixels are copied as they are: `notes`
 * name the files whose pixels may hold names. Throws DataError 'missing', 'image' or 'option', and FileError.
 */
export async function deidentify(
  from: string,
  {
    out,
    key = randomBytes(16).toString('hex'),
    dates = 'remove',
    keep = [],
    onError = 'throw',
    signal,
    onProgress,
  }: DeidentifyOptions,
): Promise<Deidentified> {
  if (dates !== 'remove' && dates !== 'shift')
    throw new DataError('option', `deidentify: dates must be 'remove' or 'shift', not '${String(dates)}'.`);
  if (!key)
    throw new DataError('option', 'deidentify: the key is empty. Leave it out, or give a secret text.');
  const single = (await stat(from).catch(() => undefined))?.isFile() ?? false;
  if (resolve(out) === resolve(from))
    throw new DataError('option', `deidentify: out is ${from} itself. Name another place.`);
  // copies of an earlier run that lie within are no sources
  const files = (await filesIn(from)).filter((file) => !file.startsWith(resolve(out) + sep));
  const result: Deidentified = { files: [], patients: [], key, notes: [] };
  const [others, bad, burnt]: string[][] = [[], [], []];
  const written = new Set<string>();
  for (const [i, file] of files.entries()) {
    signal?.throwIfAborted();
    const bytes = await bytesOf(file);
    let parsed: Parsed | undefined;
    try {
      await guarded(file, async () => {
        parsed = parse(bytes, file);
        const { content, patient, path } = cleaned(parsed, { key, dates, keep });
        const named = single && extname(out).toLowerCase() === '.dcm';
        const to = named ? resolve(out) : unused(resolve(out, path), written);
        await writeWhole(to, content);
        written.add(to);
        result.files.push({ from: file, to });
        if (!result.patients.includes(patient)) result.patients.push(patient);
        if (mayShowText(parsed)) burnt.push(file);
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      // in a folder there may be other things; what has DICOM's mark, or its elements without one, is meant
      if (!single && !parsed && !isDicom(bytes)) others.push(file);
      else if (onError === 'throw') throw error;
      else bad.push(file);
    }
    onProgress?.(i + 1, files.length);
  }
  if (others.length > 0) result.notes.push(`${others.length} not DICOM, and not copied: ${someOf(others)}.`);
  if (bad.length > 0)
    result.notes.push(
      `${bad.length} of ${files.length} files can't be read, and are not copied: ${someOf(bad)}.`,
    );
  if (burnt.length > 0)
    result.notes.push(
      `${burnt.length} may have text in the pixels, which stay as they are; look at them: ${someOf(burnt)}.`,
    );
  return result;
}

/** The path, or one with a number where it is taken: images may share a UID, or have none. */
function unused(path: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) {
    const next = n === 1 ? path : path.replace(/(\.[^.]*)$/, `-${n}$1`);
    if (!taken.has(next)) return next;
  }
}

/** Says so itself, or is of a kind that often has names in the picture: ultrasound, scanned films, screenshots. */
function mayShowText({ dataset }: Parsed): boolean {
  const burnt = dataset.string('x00280301')?.toUpperCase();
  if (burnt === 'NO') return false;
  return (
    burnt === 'YES' ||
    ['US', 'SC', 'OT', 'XC', 'ES'].includes(dataset.string('x00080060') ?? '') ||
    (dataset.string('x00080016') ?? '').startsWith('1.2.840.10008.5.1.4.1.1.7')
  );
}

function cleaned(
  parsed: Parsed,
  { key, dates, keep }: { key: string; dates: 'remove' | 'shift'; keep: readonly string[] },
): { content: Buffer; patient: string; path: string } {
  const { dataset } = parsed;
  const hash = (kind: string, text: string): Buffer =>
    createHmac('sha256', key).update(`${kind}:${text}`).digest();
  const who =
    dataset.string('x00100020')?.trim() ||
    dataset.string('x00100010')?.trim() ||
    dataset.string('x0020000d') ||
    '';
  const patient = `anon-${hash('patient', who).toString('hex', 0, 6)}`;
  const days = 1 + (hash('days', who).readUInt32BE(0) % 3650);
  // standard UIDs name classes and syntaxes, not people
  const mapped = (uid: string): string =>
    uid === '' || uid.startsWith('1.2.840.10008.')
      ? uid
      : `2.25.${BigInt(`0x${hash('uid', uid).toString('hex', 0, 16)}`)}`;
  const uids = (text: string): string =>
    text
      .split('\\')
      .map((uid) => mapped(uid.trim()))
      .join('\\');

  const edit: Edit = (tag, vr, element, from): Change => {
    const action = actionOf(tag);
    if (keep.includes(attribute(tag)?.keyword ?? '')) return 'keep';
    const text = (): string => from.string(tag) ?? '';
    if (vr === 'UI')
      return action && action !== 'map' && action !== 'replace'
        ? without(action, vr)
        : { vr, value: uids(allOf(from.byteArray, element)) };
    // what can't be looked into might be a sequence with anything in it
    if (!action) return vr === 'SQ' && !element.items && element.length > 0 ? undefined : 'keep';
    if (dates === 'shift' && ['DA', 'DT'].includes(vr) && text()) return { vr, value: shifted(text(), days) };
    if (dates === 'shift' && vr === 'TM') return 'keep';
    return without(action, vr);
  };
  const little = parsed.syntax !== BIG_ENDIAN;
  const explicit = parsed.syntax !== IMPLICIT;
  const codes = [
    ['113100', 'Basic Application Confidentiality Profile'],
    ...(dates === 'shift'
      ? [['113107', 'Retain Longitudinal Temporal Information Modified Dates Option']]
      : []),
  ];
  const stays = (keyword: string, tag: string): boolean => keep.includes(keyword) && !!dataset.elements[tag];
  const additions: Additions = {
    ...(stays('PatientName', 'x00100010') ? {} : { x00100010: { vr: 'PN', value: patient } }),
    ...(stays('PatientID', 'x00100020') ? {} : { x00100020: { vr: 'LO', value: patient } }),
    x00120062: { vr: 'CS', value: 'YES' },
    x00120063: { vr: 'LO', value: 'PS3.15 basic profile, by cellgrad' },
    x00120064: {
      vr: 'SQ',
      value: Buffer.concat(
        codes.map(([code, meaning]) =>
          item(
            {
              x00080100: { vr: 'SH', value: code },
              x00080102: { vr: 'SH', value: 'DCM' },
              x00080104: { vr: 'LO', value: meaning },
            },
            explicit,
            little,
          ),
        ),
      ),
    },
    x00280303: { vr: 'CS', value: dates === 'shift' ? 'MODIFIED' : 'REMOVED' },
  };
  const name = (tag: string): string => mapped(dataset.string(tag)?.trim() || 'none');
  return {
    content: rewrite(parsed, edit, additions),
    patient,
    path: join(patient, name('x0020000e'), `${name('x00080018')}.dcm`),
  };
}

const allOf = (bytes: Uint8Array, { dataOffset, length }: Element): string =>
  Buffer.from(bytes.subarray(dataOffset, dataOffset + length))
    .toString('latin1')
    .replace(/[\0 ]+$/, '');

const dummies: Record<string, string> = {
  DA: '19000101',
  DT: '19000101000000',
  TM: '000000',
  AS: '000Y',
  PN: 'ANONYMOUS',
  DS: '0',
  IS: '0',
};

/** What stands in place of a value; nothing for the bytes of a type that has no text. */
function without(action: 'remove' | 'empty' | 'replace' | 'map', vr: string): Change {
  if (action === 'remove') return undefined;
  const isText = ['AE', 'CS', 'LO', 'LT', 'SH', 'ST', 'UC', 'UT'].includes(vr);
  return { vr, value: action === 'replace' ? (dummies[vr] ?? (isText ? 'ANONYMIZED' : '')) : '' };
}

/** A date, or a date and time, so many days earlier; '' where it is none. */
function shifted(text: string, days: number): string {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})(.*)$/.exec(text.trim());
  if (!match) return '';
  const [, year, month, day, rest] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)) - days * 86_400_000);
  return date.toISOString().slice(0, 10).replaceAll('-', '') + rest;
}

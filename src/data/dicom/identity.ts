// Whether a DICOM file says who the patient is.

import type { DataSet } from './parse.js';
import { attribute } from './tags.js';

/** Elements that name people and places; a value there means that a file is not de-identified. */
const identifying = [
  'x00100010', // PatientName
  'x00100020', // PatientID
  'x00100030', // PatientBirthDate
  'x00101000', // OtherPatientIDs
  'x00101001', // OtherPatientNames
  'x00101040', // PatientAddress
  'x00102154', // PatientTelephoneNumbers
  'x00080080', // InstitutionName
  'x00080081', // InstitutionAddress
  'x00080090', // ReferringPhysicianName
  'x00081048', // PhysiciansOfRecord
  'x00081050', // PerformingPhysicianName
  'x00081060', // NameOfPhysiciansReadingStudy
  'x00081070', // OperatorsName
  'x00080050', // AccessionNumber
];

/** Keywords of the elements with a value that tells who the patient is. Files that say `PatientIdentityRemoved` YES have none. */
export function identifiedBy(dataset: DataSet): string[] {
  if (dataset.string('x00120062')?.toUpperCase() === 'YES') return [];
  return identifying.filter((tag) => dataset.string(tag)?.trim()).map((tag) => attribute(tag)!.keyword);
}

/** Sentences that warn of names in the tags and, where the file says so, in the picture. */
export function identityNotes(dataset: DataSet): string[] {
  const named = identifiedBy(dataset);
  const burnt = dataset.string('x00280301')?.toUpperCase() === 'YES';
  return [
    ...(named.length > 0
      ? [
          `Its tags may tell who the patient is (${named.join(', ')}): data.deidentify makes a copy without them.`,
        ]
      : []),
    ...(burnt
      ? ['It says that text is burnt into its pixels (BurnedInAnnotation), which may be names.']
      : []),
  ];
}

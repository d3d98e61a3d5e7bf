// Which licences a person has accepted, and when: kept beside the sets.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../compute/cache.js';
import { writeWhole } from '../../files.js';
import { DataError } from '../errors.js';
import { dataFolder } from './catalogue.js';
import type { ManifestDescription } from './description.js';

interface Accepted {
  name: string;
  licence: string;
  /** ISO 8601. */
  at: string;
}

/** The file that acceptances are recorded in. */
export const licencesFile = (): string => join(dataFolder(), 'licences.json');

function accepted(): Accepted[] {
  if (!existsSync(licencesFile())) return [];
  try {
    return JSON.parse(readFileSync(licencesFile(), 'utf8')) as Accepted[];
  } catch {
    return []; // it is asked for again
  }
}

/** Whether this licence of this set was accepted before. */
export const isAccepted = ({ name, licence }: ManifestDescription): boolean =>
  accepted().some((each) => each.name === name && each.licence === licence);

/** The licence in sentences, as it is shown before anything is fetched. */
export const licenceText = ({ title, licence, allows, citation }: ManifestDescription): string =>
  [`${title}: licence ${licence}.`, allows, citation && `Please cite: ${citation}.`]
    .filter(Boolean)
    .join(' ');

/** Records the acceptance; without one, now or earlier, throws DataError 'licence' that shows the licence. */
export async function acceptLicence(description: ManifestDescription, accept: boolean): Promise<void> {
  if (isAccepted(description)) return;
  if (!accept)
    throw new DataError(
      'licence',
      `${licenceText(description)} Read it, and if you accept it, say so: data.get('${description.name}', { accept: true }), or \`cellgrad data get ${description.name} --accept\`.`,
    );
  const { name, licence } = description;
  const file = licencesFile();
  // of two sets that are fetched at once each reads what the other has written
  await withLock(file, async () => {
    const all = [...accepted(), { name, licence, at: new Date().toISOString() }];
    await writeWhole(file, `${JSON.stringify(all, null, 1)}\n`);
  });
}

import type { Restore } from '../../api/velero/v1.ts';
import { GROUP, VERSION } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';

/** Names under which Velero's discovery finds our kind; a filter may use any of them, or a pattern. */
const { plural } = dataMoverBackups;
const RESOURCE = `${plural}.${GROUP}`;
const NAMES = ['datamoverbackup', 'dmb', plural].flatMap((name) => [
  name,
  `${name}.${GROUP}`,
  `${name}.${VERSION}.${GROUP}`,
]);

/**
 * Returns how to change a restore whose filters exclude the records of moved data; `undefined` if they include them. Velero
 * silently drops excluded objects, even additional items of an action.
 */
export function missingRecordsRemedy(restore: Restore): string | undefined {
  const { includedResources = [], excludedResources = [] } = restore.spec;
  const excluding = excludedResources.find(meansRecords);
  if (excluding !== undefined) return `take ${excluding} out of --exclude-resources`;
  if (includedResources.length === 0 || includedResources.some(meansRecords)) return undefined;
  return `add ${RESOURCE} to --include-resources`;
}

function meansRecords(filter: string): boolean {
  const name = filter.toLowerCase();
  return NAMES.includes(name) || (name.includes('*') && patternOf(name).test(RESOURCE));
}

/** `*` matches any characters, including dots. */
function patternOf(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`);
}

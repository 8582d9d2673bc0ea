import { labels, MANAGED_BY } from './keys.ts';

/**
 * Returns the labels of every object that this project creates. Velero skips objects with the second one: otherwise a staging
 * volume would be backed up and restored like the data of an application.
 */
export function ownLabels(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { [labels.managedBy]: MANAGED_BY, ...EXCLUDED, ...more };
}

/** Excludes an object that others created for us from Velero's backups. */
export const EXCLUDED = { [labels.veleroExclude]: 'true' } as const;

/** Removes {@link EXCLUDED} in a merge patch. */
export const NOT_EXCLUDED = { [labels.veleroExclude]: null } as const;

import { labels, MANAGED_BY } from './keys.ts';

/**
 * The labels of every object that this project makes. Velero leaves out what carries the second one: a staging volume in
 * a backup would be saved twice and restored as if it were somebody's data.
 */
export function ownLabels(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { [labels.managedBy]: MANAGED_BY, ...HIDDEN, ...more };
}

/** Keeps an object that something else made for us out of Velero's backups. */
export const HIDDEN = { [labels.veleroExclude]: 'true' } as const;

/** Takes {@link HIDDEN} off in a merge patch. */
export const UNHIDDEN = { [labels.veleroExclude]: null } as const;

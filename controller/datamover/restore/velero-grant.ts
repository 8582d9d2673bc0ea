import type { Backup, Restore } from '../../../api/velero/v1.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { restoreName } from '../../../api/datamover/v1alpha1/names.ts';

/** Phases in which a Velero Restore no longer permits anything. */
const OVER: ReadonlySet<string | undefined> = new Set([
  'FailedValidation',
  'Completed',
  'PartiallyFailed',
  'Failed',
]);

/** A Velero Restore of the protected namespace, with its Backup. */
export interface Grant {
  restore: Restore | undefined;
  backup: Backup | undefined;
}

/**
 * Returns why a Velero Restore does not permit the data of a namespace in a request; undefined if it does. A tenant may write the
 * request, so only what the Restore confirms counts: that it is in progress, that the plugin creates a request of this very name
 * in it, and that it maps the source namespace to this one.
 */
export function objection(request: DataMoverRestore, source: string, grant: Grant): string | undefined {
  const { restore, backup } = grant;
  if (restore === undefined) return 'the Velero Restore that it names does not exist';
  return (
    doubtOf(request, restore) ??
    gapBetween(restore, backup, source) ??
    detour(restore, source, request.metadata.namespace)
  );
}

/** Returns an objection unless the request belongs to this Restore and the Restore is in progress. */
function doubtOf({ metadata, spec }: DataMoverRestore, restore: Restore): string | undefined {
  const { name, uid = '' } = restore.metadata;
  const { phase } = restore.status ?? {};
  if (OVER.has(phase)) return `Restore ${name} has ended: ${phase ?? ''}`;
  const made = restoreName(uid, metadata.namespace ?? '', spec.destinationClaimRef.name);
  const isMade = metadata.name === made && metadata.labels?.[labels.veleroRestoreUid] === uid;
  return isMade ? undefined : `it was not created in Restore ${name}`;
}

function gapBetween(restore: Restore, backup: Backup | undefined, source: string): string | undefined {
  const { name } = restore.metadata;
  if (!includes(restore.spec, source)) return `Restore ${name} excludes ${source}`;
  if (backup !== undefined && includes(backup.spec, source)) return undefined;
  return `Backup ${restore.spec.backupName ?? ''} of Restore ${name} does not contain ${source}`;
}

function detour({ metadata, spec }: Restore, source: string, namespace?: string): string | undefined {
  const target = spec.namespaceMapping?.[source] ?? source;
  return target === namespace ? undefined : `Restore ${metadata.name} maps ${source} to ${target}`;
}

interface Namespaces {
  includedNamespaces?: string[] | undefined;
  excludedNamespaces?: string[] | undefined;
}

/** As in Velero: an empty list includes all, and an exclusion takes precedence. */
function includes({ includedNamespaces = [], excludedNamespaces = [] }: Namespaces, name: string): boolean {
  const included = includedNamespaces.length === 0 || includedNamespaces.some((one) => fits(one, name));
  return included && !excludedNamespaces.some((one) => fits(one, name));
}

/** `*` matches any characters and `?` one character. */
function fits(pattern: string, name: string): boolean {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}

import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import type { Restore } from '../../api/velero/v1.ts';
import { formatKey, type Key } from '../../api/kubernetes/meta.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { existingClaimPolicies } from '../../api/datamover/v1alpha1/existing-claim-policies.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { PluginError } from '../plugin-error.ts';
import type { CallContext, RestoreItemOutput } from '../velero/item-actions.ts';
import { editItem, removeKeys } from '../velero/item.ts';
import { isTerminal } from '../requests/status.ts';
import { waitForRequest } from '../requests/wait.ts';

/** How a Velero restore treats an existing claim. */

const ANNOTATION = annotations.existingClaimPolicy;

/**
 * Returns true if the restore may replace the data of existing claims. The user must set two options: one for Velero, that
 * existing objects may be changed, and one for the data mover, that this includes data.
 */
export function mayOverwrite({ metadata, spec }: Restore): boolean {
  const wish = metadata.annotations?.[ANNOTATION];
  if (wish !== undefined && !(existingClaimPolicies as readonly string[]).includes(wish))
    throw new PluginError(
      `the annotation ${ANNOTATION} of Restore ${metadata.name} is "${wish}"; it can be ${existingClaimPolicies.join(' or ')}`,
    );
  return wish === 'Overwrite' && spec.existingResourcePolicy === 'update';
}

/** Returns the message for a claim whose data is not replaced. */
export function leftAlone(target: Key): string {
  return (
    `PersistentVolumeClaim ${formatKey(target)} already exists: its data is kept and nothing is restored into it; ` +
    `to replace its data, stop what uses it and create the restore with ` +
    `--existing-resource-policy=update and --annotations ${ANNOTATION}=Overwrite; or delete it and what uses it, then restore again`
  );
}

/** Returns the item without the mark, which Velero must not add to an existing claim that it updates. */
export function unmarked(item: Buffer): RestoreItemOutput {
  return { item: editItem(item, ({ annotations: own }) => removeKeys(own, annotations.movedBy)) };
}

/** Like {@link unmarked}, with the spec of the existing claim, which is immutable anyway. */
export function asItIs(item: Buffer, existing: PersistentVolumeClaim): Buffer {
  return editItem(item, ({ annotations: own, spec }) => {
    removeKeys(own, annotations.movedBy);
    removeKeys(spec, ...Object.keys(spec));
    Object.assign(spec, existing.spec);
  });
}

/** Longer than a running controller needs, and short enough for a restore if no controller runs. */
const DETACH_TIMEOUT_MS = 60_000;

/**
 * Waits until the claim is out of use, because Velero restores pods next, which must not start with the data that is about to be
 * replaced. If the claim stays in use, its restore fails later without loss of data.
 */
export async function waitUntilOutOfUse(
  kube: KubeClient,
  request: DataMoverRestore,
  { log, signal, clock }: CallContext & { clock: Clock },
): Promise<void> {
  const { metadata, spec } = request;
  if (spec.existingClaimPolicy !== 'Overwrite') return;
  const { namespace = '', name } = metadata;
  const awaited = {
    kind: dataMoverRestores,
    request,
    during: 'while its destination was taken out of use',
    observe: ({ status }: DataMoverRestore) => (isOutOfUse(status) ? {} : undefined),
  };
  if ((await waitForRequest(kube, awaited, { clock, timeoutMs: DETACH_TIMEOUT_MS, signal })) !== undefined)
    return;
  const claim = `${namespace}/${spec.destinationClaimRef.name}`;
  log.warn(
    `PersistentVolumeClaim ${claim} is still in use after ${String(DETACH_TIMEOUT_MS / 1000)} s, so its data cannot be replaced: stop what uses it; see the status of DataMoverRestore ${namespace}/${name}`,
  );
}

/** Also true for a restore without a former volume that is admitted or queued. */
function isOutOfUse(status: DataMoverRestore['status']): boolean {
  const { replaces, admittedAt, queue, phase = '' } = status ?? {};
  const isPast = admittedAt !== undefined || queue !== undefined;
  return replaces?.setAsideAt !== undefined || isPast || isTerminal(phase);
}

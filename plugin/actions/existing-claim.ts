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
import type { CallContext, RestoreItemOutput } from './action.ts';
import { editItem, removeKeys } from './item.ts';
import { isTerminal } from './request-status.ts';
import { waitForRequest } from './wait-for-request.ts';

/** What a Velero restore means for a claim that exists. */

const ANNOTATION = annotations.existingClaimPolicy;

/**
 * True when the restore may replace the data of claims that exist. It has to be said twice: to Velero, that what exists
 * may be changed, and to us, that this means data too.
 */
export function mayOverwrite({ metadata, spec }: Restore): boolean {
  const wish = metadata.annotations?.[ANNOTATION];
  if (wish !== undefined && !(existingClaimPolicies as readonly string[]).includes(wish))
    throw new PluginError(
      `the annotation ${ANNOTATION} of Restore ${metadata.name} is "${wish}"; it can be ${existingClaimPolicies.join(' or ')}`,
    );
  return wish === 'Overwrite' && spec.existingResourcePolicy === 'update';
}

/** For a claim whose data stays. */
export function leftAlone(target: Key): string {
  return (
    `PersistentVolumeClaim ${formatKey(target)} exists already: its data is left as it is, nothing is restored into it; ` +
    `to have the data of the backup in its place, stop what uses it and create the restore with ` +
    `--existing-resource-policy=update and --annotations ${ANNOTATION}=Overwrite; or delete it and what uses it, then restore again`
  );
}

/** Velero may update the claim that is there, and must not leave a mark on it. */
export function unmarked(item: Buffer): RestoreItemOutput {
  return { item: editItem(item, ({ annotations: own }) => removeKeys(own, annotations.movedBy)) };
}

/** As {@link unmarked}, with the spec of the claim that is there, which cannot be changed anyway. */
export function asItIs(item: Buffer, existing: PersistentVolumeClaim): Buffer {
  return editItem(item, ({ annotations: own, spec }) => {
    removeKeys(own, annotations.movedBy);
    removeKeys(spec, ...Object.keys(spec));
    Object.assign(spec, existing.spec);
  });
}

/** Longer than a controller that is there takes, and not long for a restore when there is none. */
const MAKE_WAY_TIMEOUT_MS = 60_000;

/**
 * Waits until the claim is out of use, as Velero restores pods next, and those must not start on the data that is about to be
 * replaced. A claim that does not get out of use in time fails its restore later; nothing is lost then.
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
  if ((await waitForRequest(kube, awaited, { clock, timeoutMs: MAKE_WAY_TIMEOUT_MS, signal })) !== undefined)
    return;
  const claim = `${namespace}/${spec.destinationClaimRef.name}`;
  log.warn(
    `PersistentVolumeClaim ${claim} is still in use after ${String(MAKE_WAY_TIMEOUT_MS / 1000)} s, so its data cannot be replaced: stop what uses it; DataMoverRestore ${namespace}/${name} says more`,
  );
}

/** One without a former volume is past that as soon as it is admitted, or waits to be. */
function isOutOfUse(status: DataMoverRestore['status']): boolean {
  const { replaces, admittedAt, queue, phase = '' } = status ?? {};
  const isPast = admittedAt !== undefined || queue !== undefined;
  return replaces?.setAsideAt !== undefined || isPast || isTerminal(phase);
}

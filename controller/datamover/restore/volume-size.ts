import { parseQuantity } from '../../../api/kubernetes/quantity.ts';
import { largestQuantity } from '../../../volumes/exposure/quantity.ts';
import { ownerOf } from '../../../movers/repository-path.ts';
import { done, failed, type StepResult } from '../../../lifecycle/request/step.ts';
import { objectionTo } from './permission.ts';
import { destinationClaim, destinationKey, type RestoreScope } from './scope.ts';

/**
 * The volume is made in the protected namespace, as large as the record says, and quotas count what the claim asks for. So a
 * record that a tenant may have written makes no volume that is larger than its claim; one that Velero brings does, as drivers
 * provide more than was asked for.
 */
export async function checkVolumeSize(scope: RestoreScope): Promise<StepResult> {
  const { status, source } = scope;
  const recorded = source.volume?.capacity;
  // A record that the controller has found by itself is of a status, which no tenant can write.
  if (isBehind(status) || recorded === undefined || status.source !== undefined) return done;
  const asked = sizeOfClaim(scope);
  if (parseQuantity(recorded) <= parseQuantity(asked)) return done;
  const { namespace = '' } = ownerOf(status.repositoryPath ?? '') ?? {};
  if ((await objectionTo(scope, namespace)) === undefined) return done;
  return failed(
    'DestinationMismatch',
    `spec.source.volume.capacity is ${recorded}, more than the ${asked} of PersistentVolumeClaim ${destinationKey(scope)}; have the claim ask for ${recorded}, then restore again`,
  );
}

function isBehind({ queue, admittedAt }: RestoreScope['status']): boolean {
  return queue !== undefined || admittedAt !== undefined;
}

function sizeOfClaim(scope: RestoreScope): string {
  const { spec, status } = destinationClaim(scope) ?? {};
  return largestQuantity(spec?.resources?.requests?.['storage'], status?.capacity?.['storage']) ?? '0';
}

import { parseQuantity } from '../../../api/kubernetes/quantity.ts';
import { largestQuantity } from '../../../volumes/exposure/quantity.ts';
import { ownerOf } from '../../../movers/repository-path.ts';
import { done, failed, type StepResult } from '../../../lifecycle/request/step.ts';
import { objectionTo } from './permission.ts';
import { destinationClaim, destinationKey, type RestoreScope } from './scope.ts';

/**
 * Checks the recorded size of the volume. The volume is created in the protected namespace with that size, and quotas count only
 * the request of the claim. So a record that a tenant may have written must not be larger than the claim. A record in a Velero
 * restore may be, because drivers provide more than was requested.
 */
export async function checkVolumeSize(scope: RestoreScope): Promise<StepResult> {
  const { status, source } = scope;
  const recorded = source.volume?.capacity;
  // A record that the controller found itself comes from a status, which no tenant can write.
  if (isBehind(status) || recorded === undefined || status.source !== undefined) return done;
  const asked = sizeOfClaim(scope);
  if (parseQuantity(recorded) <= parseQuantity(asked)) return done;
  const { namespace = '' } = ownerOf(status.repositoryPath ?? '') ?? {};
  if ((await objectionTo(scope, namespace)) === undefined) return done;
  return failed(
    'DestinationMismatch',
    `spec.source.volume.capacity is ${recorded}, more than the ${asked} of PersistentVolumeClaim ${destinationKey(scope)}; set spec.resources.requests.storage of the claim to ${recorded} or more, then restore again`,
  );
}

function isBehind({ queue, admittedAt }: RestoreScope['status']): boolean {
  return queue !== undefined || admittedAt !== undefined;
}

function sizeOfClaim(scope: RestoreScope): string {
  const { spec, status } = destinationClaim(scope) ?? {};
  return largestQuantity(spec?.resources?.requests?.['storage'], status?.capacity?.['storage']) ?? '0';
}

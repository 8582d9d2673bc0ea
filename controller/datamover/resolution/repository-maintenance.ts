import type { z } from 'zod';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import { ownerOf } from '../../../movers/repository-path.ts';
import { checkFields } from '../check-fields.ts';
import { quoted } from '../../../lifecycle/request/plain-text.ts';
import { isUnderstood, type ResolvedClass, type ResolutionProblem } from './resolve-class.ts';
import { done, failed, type StepResult } from '../../../lifecycle/request/step.ts';

/** The repository that a request changes. */
export interface MaintainedRepository {
  mover: string;
  repository: string;
  /** Namespace of the backup whose data is removed; absent if the request concerns no backup. */
  backupNamespace?: string | undefined;
}

/**
 * Validates the spec of a request. A spec that was accepted once is not validated again, even if the schema has become stricter.
 */
export function checkMaintenanceSpec(
  { spec, status }: { spec: unknown; status: { repositoryPath?: string | undefined } },
  schema: z.ZodType,
): StepResult {
  return status.repositoryPath === undefined ? checkFields('spec', schema, spec) : done;
}

/**
 * Checks that a request may change a repository: it must be in the protected namespace, be served by the mover that created the
 * repository, and change only a repository of the namespace of its backup.
 */
export function checkMaintenance(
  request: { kind: string; metadata: { namespace?: string } },
  { mover, repository, backupNamespace }: MaintainedRepository,
  { resolved, protectedNamespace }: { resolved: ResolvedClass; protectedNamespace: string },
): StepResult {
  const { namespace = '' } = request.metadata;
  if (namespace !== protectedNamespace) {
    return failed(
      'Forbidden',
      `a ${request.kind} is served in namespace ${protectedNamespace} only, not in ${namespace}`,
    );
  }
  if (!isUnderstood(resolved.mover, mover)) {
    const { reason, message } = madeByAnother(mover, resolved.class);
    return failed(reason, message);
  }
  return checkOwner(repository, backupNamespace);
}

/** A record in a bucket may have been tampered with: it must not make a delete remove data of another namespace. */
function checkOwner(repository: string, backupNamespace: string | undefined): StepResult {
  const owner = ownerOf(repository);
  if (owner === undefined)
    return failed('InvalidRequest', `repository ${quoted(repository)} is not the path of a repository`);
  if (backupNamespace === undefined || owner.namespace === backupNamespace) return done;
  return failed(
    'Forbidden',
    `repository ${repository} belongs to namespace ${owner.namespace}, but spec.backupNamespace is ${backupNamespace}; create another request with the namespace and the repository of one record`,
  );
}

/** Returns the problem of a class whose mover did not create the data. */
export function madeByAnother(
  mover: string,
  { metadata: { name }, spec }: DataMoverClass,
): ResolutionProblem {
  return {
    reason: 'NoClass',
    message: `the backup was created by mover ${mover}, and DataMoverClass ${name} is served by ${spec.mover}; create a DataMoverClass of mover ${mover}, and another request that names it in spec.dataMoverClass`,
  };
}

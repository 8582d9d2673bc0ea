import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { conditionTypes } from '../../api/datamover/v1alpha1/reasons.ts';
import type { VerifyRequest } from '../../movers/mover.ts';
import type { DataMoverScope } from './request-type.ts';
import { followMover, type MovingStatus } from './transfer-steps.ts';
import { checkpoint, failed, type StepResult } from '../../lifecycle/request/step.ts';

/** The check of what was moved, as the status keeps it. */
export interface Verification {
  level: DataMoverClassSpec['verify'];
  since: string;
  doneAt?: string | undefined;
}

export interface VerifiedStatus extends MovingStatus {
  verification?: Verification | undefined;
}

/**
 * What is to be checked once the mover is done; undefined where the class wants nothing. It is written down together with what
 * the mover said, so that a class that changes meanwhile changes nothing.
 */
export function dueVerification({
  serving,
  now,
}: Pick<DataMoverScope<VerifiedStatus>, 'serving' | 'now'>): Verification | undefined {
  const level = serving.class.spec.verify;
  return level === 'None' ? undefined : { level, since: now.toISOString() };
}

/** True while something has been moved that must not count yet. */
export function isBeingVerified({ verification }: VerifiedStatus): boolean {
  return verification !== undefined && verification.doneAt === undefined;
}

/** The condition that says whether it is behind the request. */
export function verifiedFact({ verification }: VerifiedStatus): readonly [string, boolean][] {
  return verification === undefined ? [] : [[conditionTypes.verified, verification.doneAt !== undefined]];
}

/** Has the mover check what it has moved. `accept` makes it count. */
export async function verifyMoved<Status extends VerifiedStatus>(
  scope: DataMoverScope<Status>,
  request: Omit<VerifyRequest<unknown>, 'level'>,
  accept: () => void = () => undefined,
): Promise<StepResult> {
  const { verification } = scope.status;
  const { mover } = scope.serving;
  if (verification === undefined || verification.level === 'None') throw new Error('nothing to verify');
  if (mover.verify === undefined)
    return failed('InvalidConfig', `mover ${mover.name} cannot verify what it has moved`);
  const outcome = await mover.verify({ ...request, level: verification.level });
  return followMover(scope, outcome, () => {
    verification.doneAt = scope.now.toISOString();
    accept();
    return checkpoint;
  });
}

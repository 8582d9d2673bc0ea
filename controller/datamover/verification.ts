import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { conditionTypes } from '../../api/datamover/v1alpha1/reasons.ts';
import type { VerifyFacts, VerifyRequest } from '../../movers/mover.ts';
import type { DataMoverScope } from './request-type.ts';
import { followMover, type MovingStatus } from './transfer-steps.ts';
import { checkpoint, failed, type StepResult } from '../../lifecycle/request/step.ts';

/** The verification of the moved data, as stored in the status. */
export interface Verification {
  level: DataMoverClassSpec['verify'];
  since: string;
  doneAt?: string | undefined;
}

export interface VerifiedStatus extends MovingStatus {
  verification?: Verification | undefined;
}

/**
 * Returns the verification that is due after the mover has finished; undefined if the class requires none. It is stored together
 * with the result of the mover, so a later change of the class has no effect.
 */
export function dueVerification({
  resolved,
  now,
}: Pick<DataMoverScope<VerifiedStatus>, 'resolved' | 'now'>): Verification | undefined {
  const level = resolved.class.spec.verify;
  return level === 'None' ? undefined : { level, since: now.toISOString() };
}

/** Returns true while moved data is not verified yet and must not count. */
export function isBeingVerified({ verification }: VerifiedStatus): boolean {
  return verification !== undefined && verification.doneAt === undefined;
}

/** Returns the condition `Verified`; none if no verification is due. */
export function verifiedFact({ verification }: VerifiedStatus): readonly [string, boolean][] {
  return verification === undefined ? [] : [[conditionTypes.verified, verification.doneAt !== undefined]];
}

/** Makes the mover verify what it has moved. `accept` records the success. */
export async function verifyMoved<Status extends VerifiedStatus>(
  scope: DataMoverScope<Status>,
  request: Omit<VerifyRequest<unknown>, 'level'>,
  accept: (facts: VerifyFacts) => void = () => undefined,
): Promise<StepResult> {
  const { verification } = scope.status;
  const { mover } = scope.resolved;
  if (verification === undefined || verification.level === 'None') throw new Error('nothing to verify');
  if (mover.verify === undefined)
    return failed('InvalidConfig', `mover ${mover.name} cannot verify what it has moved`);
  const outcome = await mover.verify({ ...request, level: verification.level });
  return followMover(scope, outcome, (facts) => {
    verification.doneAt = scope.now.toISOString();
    accept(facts);
    return checkpoint;
  });
}

import type { FailureReason } from '../../../api/datamover/v1alpha1/reasons.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import { PATH } from '../snapshot-layout.ts';
import type { MoverOutcome, MoverTarget, VerifyFacts, VerifyRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';
import type { ResticRunner } from '../job/runner.ts';
import { compareVerification } from './compare-verification.ts';
import { volumeUseOf, type PodPrivileges } from '../job/volume-use.ts';
import { comparesVolume, verificationScript } from './script.ts';

/** Verifies what a mover has moved, by another run of restic. */
export interface Verifier {
  /** `transfer` is the object that moved the data. It owns the Job of the check, which is deleted with it. */
  verify(
    request: VerifyRequest<RepositoryConfig>,
    transfer: Resource | undefined,
  ): Promise<MoverOutcome<VerifyFacts>>;
  /** Returns the names of what still exists in the cluster. */
  remains(target: MoverTarget): string[];
}

const SUFFIX = '-verify';

export interface VerifierOptions extends PodPrivileges {
  resticRunner: ResticRunner;
  /** True if the mover leaves out empty `lost+found` folders. Default: false. */
  leavesOutLostAndFound?: boolean;
}

export function createVerifier(deps: VerifierOptions): Verifier {
  const { resticRunner, leavesOutLostAndFound = false } = deps;

  return {
    async verify(request, transfer) {
      if (transfer === undefined) {
        const message = `the transfer of ${request.name} was deleted before it was verified`;
        return { state: 'Failed', reason: 'MoverFailed', message };
      }
      const { apiVersion, kind, metadata } = transfer;
      const outcome = await resticRunner.run(request, {
        program: 'restic',
        image: request.config.resticImage,
        doing: 'verifying what was moved',
        args: [request.snapshotID, PATH],
        script: verificationScript(request, leavesOutLostAndFound),
        owner: { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' },
        suffix: SUFFIX,
        ...(comparesVolume(request) && { volume: () => volumeUseOf(deps, request) }),
        read: (lines) => compareVerification(lines, request),
      });
      return proved(request, outcome);
    },
    remains: (target) => resticRunner.remains(target, SUFFIX),
  };
}

/**
 * Reasons that mean that the repository is damaged, because restic could not read it; all other failures have reasons of their
 * own.
 */
const UNREADABLE: ReadonlySet<FailureReason> = new Set<FailureReason>(['MoverFailed', 'RepositoryDamaged']);

function proved(
  { snapshotID, repositoryPath }: VerifyRequest<RepositoryConfig>,
  outcome: MoverOutcome<ReturnType<typeof compareVerification>>,
): MoverOutcome<VerifyFacts> {
  if (outcome.state === 'InProgress') return outcome;
  const what = `snapshot ${snapshotID} of repository ${repositoryPath}`;
  if (outcome.state === 'Failed') {
    if (!UNREADABLE.has(outcome.reason)) return outcome;
    return {
      ...outcome,
      reason: 'VerificationFailed',
      message: `${what} does not read back: ${outcome.message}`,
    };
  }
  if ('facts' in outcome.facts) return { state: 'Done', facts: outcome.facts.facts };
  return { state: 'Failed', reason: 'VerificationFailed', message: `${what}: ${outcome.facts.difference}` };
}

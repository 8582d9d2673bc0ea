import { namespaces } from '../../../api/external/core.ts';
import type { Resource } from '../../../api/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import type { VolumeReader } from '../../repository/repository-job.ts';
import type { MoverOutcome, MoverTarget, VerifyFacts, VerifyRequest } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';
import { affinityOf } from './desired.ts';
import type { ResticRunner } from './restic-runner.ts';
import { judgeVerification } from './verification.ts';
import { comparesVolume, verificationScript } from './verification-script.ts';

/** Checks what VolSync has moved, by a restic of our own beside VolSync's. */
export interface Verifier {
  /** `transfer` is what VolSync was asked by; the check goes with it. */
  verify(
    request: VerifyRequest<VolSyncConfig>,
    transfer: Resource | undefined,
  ): Promise<MoverOutcome<VerifyFacts>>;
  /** What the cluster still has of it. */
  remains(target: MoverTarget): string[];
}

/** Where the check sees the volume. */
const VOLUME_PATH = '/data';

const SUFFIX = '-verify';

/** VolSync gives its movers the capabilities for it where this says "true". */
const PRIVILEGED_MOVERS = 'volsync.backube/privileged-movers';

export function createVerifier(deps: {
  namespace: string;
  client: KubeClient;
  resticRunner: ResticRunner;
}): Verifier {
  const { namespace, client, resticRunner } = deps;

  async function readerFor(request: VerifyRequest<VolSyncConfig>): Promise<VolumeReader> {
    const { config, signal, stagingClaim } = request;
    const home = await client.get(namespaces, { name: namespace }, { signal });
    return {
      claimName: stagingClaim,
      mountPath: VOLUME_PATH,
      isPrivileged: home?.metadata.annotations?.[PRIVILEGED_MOVERS] === 'true',
      podSecurityContext: config.moverSecurityContext,
      serviceAccountName: config.moverServiceAccount,
      resources: config.moverResources,
      affinity: affinityOf(request),
    };
  }

  return {
    async verify(request, transfer) {
      if (transfer === undefined) {
        const message = `VolSync's object ${namespace}/${request.name} was deleted before what it moved was verified`;
        return { state: 'Failed', reason: 'MoverFailed', message };
      }
      const { apiVersion, kind, metadata } = transfer;
      const outcome = await resticRunner.run(request, {
        program: 'restic',
        image: request.config.resticImage,
        doing: 'verifying what was moved',
        args: [request.snapshotID, VOLUME_PATH],
        script: verificationScript(request),
        owner: { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' },
        suffix: SUFFIX,
        ...(comparesVolume(request) && { volume: () => readerFor(request) }),
        read: (lines) => judgeVerification(lines, request),
      });
      return proved(request, outcome);
    },
    remains: (target) => resticRunner.remains(target, SUFFIX),
  };
}

/** What restic could not read for a reason of its own is damaged; all others have names. */
function proved(
  { snapshotID, repositoryPath }: VerifyRequest<VolSyncConfig>,
  outcome: MoverOutcome<ReturnType<typeof judgeVerification>>,
): MoverOutcome<VerifyFacts> {
  if (outcome.state === 'InProgress') return outcome;
  const what = `snapshot ${snapshotID} of repository ${repositoryPath}`;
  if (outcome.state === 'Failed') {
    if (outcome.reason !== 'MoverFailed') return outcome;
    return {
      ...outcome,
      reason: 'VerificationFailed',
      message: `${what} does not read back: ${outcome.message}`,
    };
  }
  if ('facts' in outcome.facts) return { state: 'Done', facts: outcome.facts.facts };
  return { state: 'Failed', reason: 'VerificationFailed', message: `${what}: ${outcome.facts.difference}` };
}

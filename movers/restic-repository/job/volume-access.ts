import type { StagedVolume, WorkRequest } from '../../mover.ts';
import { affinityOf } from './affinity.ts';
import type { RepositoryConfig } from '../config.ts';
import { PATH } from '../snapshot-layout.ts';
import type { VolumeUse } from './repository-job.ts';

type Request = WorkRequest<RepositoryConfig> & StagedVolume;

/** How a Job of ours works on a staging volume beside the mover, as the mover's user. */
export interface VolumeAccess {
  /** Whether the mover's pods are root that may read everything, so that the Job's pod has to be it as well. */
  isPrivileged: (request: Request) => Promise<boolean>;
}

/** As the mover's pods have it; `capabilities` are for a privileged one only. */
export async function volumeAccess(
  { isPrivileged }: VolumeAccess,
  request: Request,
  capabilities: readonly string[] = ['DAC_OVERRIDE'],
): Promise<VolumeUse> {
  const { config, stagingClaim } = request;
  return {
    claimName: stagingClaim,
    mountPath: PATH,
    ...((await isPrivileged(request)) && { capabilities }),
    podSecurityContext: config.moverSecurityContext,
    serviceAccountName: config.moverServiceAccount,
    resources: config.moverResources,
    affinity: affinityOf(request),
  };
}

import type { StagedVolume, WorkRequest } from '../../mover.ts';
import { affinityOf } from './affinity.ts';
import type { RepositoryConfig } from '../config.ts';
import { PATH } from '../snapshot-layout.ts';
import type { VolumeUse } from './repository-job.ts';

type Request = WorkRequest<RepositoryConfig> & StagedVolume;

/** Mounts a staging volume in a Job of ours in addition to the mover, as the mover's user. */
export interface PodPrivileges {
  /** Returns true if the mover's pods run as root with permission to read everything; the Job's pod must then do so too. */
  isPrivileged: (request: Request) => Promise<boolean>;
}

/** Returns the same access as the mover's pods have; `capabilities` are set only if privileged. */
export async function volumeUseOf(
  { isPrivileged }: PodPrivileges,
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

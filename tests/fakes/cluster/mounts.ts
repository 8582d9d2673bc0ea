import {
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  type Job,
  type PersistentVolume,
} from '../../../api/kubernetes/core.ts';
import type { ClusterState } from './state.ts';

/** A Job as far as the doubles read it. */
export type PodJob = Job & {
  spec?: { template?: { spec?: { containers?: Container[]; volumes?: Mount[] } } };
};

interface Container {
  command?: string[];
  args?: string[];
  env?: { valueFrom?: { secretKeyRef?: { name: string } } }[];
}

export interface Mount {
  name: string;
  persistentVolumeClaim?: { claimName: string };
  secret?: { secretName: string };
}

export function mountsOf({ spec }: PodJob): Mount[] {
  return spec?.template?.spec?.volumes ?? [];
}

/**
 * Returns true if the double knows every Secret and volume that the pods of a Job use. A kubelet does not start a pod before.
 * Secrets, claims and volumes are delivered by different watches, so a Job can be known earlier than they are.
 */
export function canStart(state: ClusterState, job: PodJob): boolean {
  const { namespace } = state;
  const containers = job.spec?.template?.spec?.containers ?? [];
  const used = [
    ...containers.flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name)),
    ...mountsOf(job).map(({ secret }) => secret?.secretName),
  ].filter((name) => name !== undefined);
  const claims = mountsOf(job).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim ?? []);
  return (
    used.every((name) => state.get(secrets, { namespace, name }) !== undefined) &&
    claims.every(({ claimName }) => volumeOf(state, claimName) !== undefined)
  );
}

/** Returns the volume of a claim in the namespace of the movers; `undefined` if the claim is not bound, or not known yet. */
export function volumeOf(state: ClusterState, claimName: string): PersistentVolume | undefined {
  const claim = state.get(persistentVolumeClaims, { namespace: state.namespace, name: claimName });
  if (claim?.status?.phase !== 'Bound') return undefined;
  return state.get(persistentVolumes, { name: claim.spec.volumeName ?? '' });
}

/** Returns the handle of the volume that a Job works on. */
export function diskOf(state: ClusterState, job: PodJob): string {
  const data = mountsOf(job).find(({ name }) => name === 'data');
  return volumeOf(state, data?.persistentVolumeClaim?.claimName ?? '')?.spec.csi?.volumeHandle ?? '';
}

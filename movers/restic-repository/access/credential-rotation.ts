import { secrets, type Pod } from '../../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { FailureReason } from '../../../api/datamover/v1alpha1/reasons.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import type { Logger } from '../../../telemetry/log.ts';
import { requestUidOf } from '../../../lifecycle/request/child-identity.ts';
import type { Creator } from '../../../kube/runtime/creator.ts';
import type { MoverOutcome, RepositoryRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';
import type { Credentials } from './credentials.ts';

/**
 * Handles credentials that are replaced during a transfer. A transfer uses a copy of the old password or key, and keeps it as
 * long as it works. If the transfer fails and the user's secret now yields another copy, the request does not fail: the request's
 * secret and the transfer are deleted and created again with the same names.
 */
export interface CredentialRotation {
  /**
   * Deletes a failed transfer so that it is created again; returns `undefined` if a new one would get the same credentials.
   * `live` reads the current object. Default: by its name. `detach` makes the engine release the object before it is deleted.
   */
  restartTransfer<T extends Resource>(
    request: RepositoryRequest<RepositoryConfig>,
    transfer: {
      kind: Kind<T>;
      object: T;
      live?: () => Promise<Resource | undefined>;
      detach?: () => Promise<void>;
    },
    failure: Failure,
  ): Promise<Waiting | undefined>;
}

type Waiting = Extract<MoverOutcome<never>, { state: 'InProgress' }>;
type Failure = Extract<MoverOutcome<never>, { state: 'Failed' }>;

/** Reasons that other credentials may resolve. A complaint about credentials that no rule recognizes is a MoverFailed. */
const OF_ACCESS: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'WrongPassword',
  'PermissionDenied',
  'RepositoryUnreachable',
  'MoverFailed',
]);

export interface CredentialRotationDependencies {
  client: KubeClient;
  /** The protected namespace. */
  namespace: string;
  credentials: Credentials;
  creator: Creator;
  now: () => Date;
  log: Logger;
}

export function createCredentialRotation(deps: CredentialRotationDependencies): CredentialRotation {
  const { client, namespace, creator } = deps;

  return {
    async restartTransfer(request, { kind, object, live, detach }, failure) {
      if (!OF_ACCESS.has(failure.reason)) return undefined;
      const { name, signal } = request;
      const key = { namespace, name };
      const next = await deps.credentials.of(request);
      if ('state' in next) return undefined;
      // Another process may have replaced it already, or the cached object may be stale.
      const now = live === undefined ? await client.get(kind, key, { signal }) : await live();
      if (!isSameObject(now, object)) return waitForDeletion(object);
      const copy = await client.get(secrets, key, { signal });
      if (copy !== undefined && isSame(copy.data ?? {}, next.data)) return undefined;
      // Before the requests: their responses may be lost.
      creator.forget(secrets, key);
      creator.forget(kind, key);
      // Delete the secret first: a transfer without it is deleted by the next pass.
      if (copy !== undefined) await client.delete(secrets, key, { ...uidOf(copy), signal });
      await detach?.();
      await client.delete(kind, key, { ...uidOf(object), propagationPolicy: 'Foreground', signal });
      deps.log.info(
        { requestUID: requestUidOf(request), transfer: name, reason: failure.reason },
        'a transfer failed with credentials that were replaced since; starting it again',
      );
      return withActivity(waitForDeletion(object), deps.now().toISOString());
    },
  };
}

/** Returns a wait until the objects of the former transfer are deleted. */
export function waitForDeletion(...left: readonly (Resource | Pod)[]): Waiting {
  return withActivity(
    {
      state: 'InProgress',
      started: false,
      message: 'waiting for the deletion of the former transfer',
    },
    ...left.flatMap((one) => [one.metadata.deletionTimestamp, endOf(one)]),
  );
}

/** Returns when a mover's pod has ended. */
function endOf(one: Resource | Pod): string | undefined {
  return 'spec' in one ? one.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt : undefined;
}

/** Sets `lastActivity` to the latest of these times; the deadline of the wait counts from it. */
export function withActivity(wait: Waiting, ...times: readonly (string | undefined)[]): Waiting {
  const [latest] = [wait.lastActivity, ...times]
    .filter((time) => time !== undefined)
    .sort((a, b) => Date.parse(b) - Date.parse(a));
  return latest === undefined ? wait : { ...wait, lastActivity: latest };
}

function uidOf({ metadata: { uid } }: Resource): { uid?: string } {
  return uid === undefined ? {} : { uid };
}

function isSameObject(a: Resource | undefined, b: Resource): boolean {
  return a?.metadata.uid === b.metadata.uid;
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key]);
}

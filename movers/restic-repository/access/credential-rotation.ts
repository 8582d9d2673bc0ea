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
 * A password or a key may be replaced while a transfer is under way, and the transfer has a copy of the old one. As long as
 * that works, nothing happens. When the transfer fails and the user's secret would give another copy by now, the failure is
 * not the end: secret and transfer go, and are made anew under their names.
 */
export interface Renewal {
  /**
   * Takes back a transfer that has failed; `undefined` when its access is the one that a new one would get too. `live` asks for
   * it as it is now. Default: by its name. `letGo` makes its engine leave it alone, before it is deleted.
   */
  takeBack<T extends Resource>(
    request: RepositoryRequest<RepositoryConfig>,
    transfer: {
      kind: Kind<T>;
      object: T;
      live?: () => Promise<Resource | undefined>;
      letGo?: () => Promise<void>;
    },
    failure: Failure,
  ): Promise<Waiting | undefined>;
}

type Waiting = Extract<MoverOutcome<never>, { state: 'InProgress' }>;
type Failure = Extract<MoverOutcome<never>, { state: 'Failed' }>;

/** What another access may change; a complaint about a secret that nobody here knows is a MoverFailed. */
const OF_ACCESS: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'WrongPassword',
  'PermissionDenied',
  'RepositoryUnreachable',
  'MoverFailed',
]);

export interface RenewalDependencies {
  client: KubeClient;
  /** The protected namespace. */
  namespace: string;
  credentials: Credentials;
  creator: Creator;
  now: () => Date;
  log: Logger;
}

export function createRenewal(deps: RenewalDependencies): Renewal {
  const { client, namespace, creator } = deps;

  return {
    async takeBack(request, { kind, object, live, letGo }, failure) {
      if (!OF_ACCESS.has(failure.reason)) return undefined;
      const { name, signal } = request;
      const key = { namespace, name };
      const next = await deps.credentials.of(request);
      if ('state' in next) return undefined;
      // Somebody else may have been faster, and this be a look at the former one.
      const now = live === undefined ? await client.get(kind, key, { signal }) : await live();
      if (!isSameObject(now, object)) return outgoing(object);
      const copy = await client.get(secrets, key, { signal });
      if (copy !== undefined && isSame(copy.data ?? {}, next.data)) return undefined;
      // Now, since the answers to what follows may be lost.
      creator.forget(secrets, key);
      creator.forget(kind, key);
      // The secret first: a transfer that stands without it is taken back by whoever looks next.
      if (copy !== undefined) await client.delete(secrets, key, { ...uidOf(copy), signal });
      await letGo?.();
      await client.delete(kind, key, { ...uidOf(object), propagationPolicy: 'Foreground', signal });
      deps.log.info(
        { requestUID: requestUidOf(request), transfer: name, reason: failure.reason },
        'a transfer failed with an access that has been replaced since: it is made anew',
      );
      return withActivity(outgoing(object), deps.now().toISOString());
    },
  };
}

/** While something of a former transfer is on its way out. */
export function outgoing(...left: readonly (Resource | Pod)[]): Waiting {
  return withActivity(
    {
      state: 'InProgress',
      started: false,
      message: 'waiting for what is left of the former transfer to go',
    },
    ...left.flatMap((one) => [one.metadata.deletionTimestamp, endOf(one)]),
  );
}

/** When a mover's pod has ended. */
function endOf(one: Resource | Pod): string | undefined {
  return 'spec' in one ? one.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt : undefined;
}

/** A wait counts from the latest of these times. */
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

import { childrenOf } from '../../api/datamover/v1alpha1/names.ts';
import { labelValue } from '../../api/kubernetes/names.ts';
import type {
  BackupFacts,
  Finding,
  ForgetFacts,
  Mover,
  MoverRequest,
  MoverTarget,
  PruneFacts,
  Refusal,
  RemovalFacts,
  RequestKind,
  RestoreFacts,
  VerifyFacts,
  VerifyLevel,
} from '../../movers/mover.ts';
import { childIdentity } from '../../lifecycle/request/child-identity.ts';
import type { Look } from './follow.ts';
import type { Config, MoverUnderTest } from './subject.ts';

/** The volume and the repository of a request. */
export interface Where {
  claim: string;
  repository: string;
  /** Default: the configuration that works. */
  config?: Config;
}

/** The fields of a backup's record that a restore needs. */
export interface Snapshot {
  id: string;
  facts: BackupFacts;
}

/** A request as the controller passes it to a mover, repeatedly until the outcome is final. */
export interface Request {
  readonly target: MoverTarget;
  /** Calls `checkAccess`, before anything is created. */
  checkAccess(mover: Mover): Promise<Refusal | undefined>;
  /** Returns the results of `checkEngine` and `checkStore`. */
  findings(mover: Mover): Promise<Finding[]>;
  readonly backup: Look<BackupFacts>;
  restore(snapshot: Snapshot): Look<RestoreFacts>;
  /** `reported` are the facts of the transfer that is verified. */
  verify(level: VerifyLevel, snapshotID: string, reported: BackupFacts | RestoreFacts): Look<VerifyFacts>;
  forget(id: string): Look<ForgetFacts>;
  readonly prune: Look<PruneFacts>;
  readonly removeRepository: Look<RemovalFacts>;
}

export interface Asked extends Where {
  kind: RequestKind;
  /** Unique among requests of its kind. */
  name: string;
  /** Milliseconds after which the request is aborted. */
  limitMs: number;
  /** Default: resolves. */
  assertCurrent?: () => Promise<void>;
}

export function createRequest(subject: MoverUnderTest, asked: Asked): Request {
  const { kind, name, claim, repository, config = subject.config, limitMs } = asked;
  const { assertCurrent = () => Promise.resolve() } = asked;
  const target = targetOf(subject, kind, name);
  const since = new Date().toISOString();

  const of = (mover: Mover): MoverRequest<unknown> => ({
    ...target,
    config: parse(mover, config),
    stagingClaim: claim,
    storageClassName: subject.storageClassName,
    repositoryPath: repository,
    veleroLocation: () => subject.veleroLocation?.() ?? Promise.resolve({ name: undefined }),
    since,
    signal: AbortSignal.timeout(limitMs),
    assertCurrent,
  });

  return {
    target,
    checkAccess: async (mover) => mover.checkAccess?.(of(mover)),
    findings: async (mover) => {
      const request = of(mover);
      const found = [await mover.checkEngine?.(request.signal), await mover.checkStore?.(request)];
      return found.filter((one) => one !== undefined);
    },
    backup: (mover) => mover.backup(of(mover)),
    restore: ({ id, facts }) => {
      const recorded = { snapshotTime: facts.snapshotTime, recordedLocation: facts.backupStorageLocation };
      return (mover) => mover.restore({ ...of(mover), ...recorded, snapshotID: id });
    },
    verify: (level, snapshotID, reported) => {
      const checked = { snapshotID, level, reported, isLive: false };
      return (mover) => existing(mover, 'verify')({ ...of(mover), ...checked });
    },
    forget: (id) => (mover) => existing(mover, 'forget')({ ...of(mover), snapshotID: id }),
    prune: (mover) => existing(mover, 'prune')(of(mover)),
    removeRepository: (mover) => existing(mover, 'removeRepository')(of(mover)),
  };
}

export function targetOf({ namespace }: MoverUnderTest, kind: RequestKind, name: string): MoverTarget {
  const uid = labelValue(`${namespace}.${kind}.${name}`);
  const request = { apiVersion: 'v1', kind: 'Request', metadata: { namespace, name: uid, uid } };
  return childIdentity(childrenOf(kind), request);
}

/** The controller also parses the configuration before any other call. */
function parse(mover: Mover, raw: Config): unknown {
  const parsed = mover.parseConfig(raw);
  if ('problem' in parsed) throw new Error(`the mover does not take the configuration: ${parsed.problem}`);
  return parsed.config;
}

function existing<Method extends 'verify' | 'forget' | 'prune' | 'removeRepository'>(
  mover: Mover,
  method: Method,
): NonNullable<Mover[Method]> {
  const found = mover[method];
  if (found === undefined) throw new Error(`mover ${mover.name} has no ${method}()`);
  return found.bind(mover) as NonNullable<Mover[Method]>;
}

import { labelValue } from '../../api/datamover/v1alpha1/names.ts';
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

/** Between which volume and which repository. */
export interface Where {
  claim: string;
  repository: string;
  /** Default: the one that works. */
  config?: Config;
}

/** What the record of a backup says, as far as a restore needs it. */
export interface Snapshot {
  id: string;
  facts: BackupFacts;
}

/** A request as the controller puts it to a mover, again and again until the outcome is final. */
export interface Request {
  readonly target: MoverTarget;
  /** What the mover says of the way to the repository before anything is made. */
  checkAccess(mover: Mover): Promise<Refusal | undefined>;
  /** What it finds of what a class depends on. */
  findings(mover: Mover): Promise<Finding[]>;
  readonly backup: Look<BackupFacts>;
  restore(snapshot: Snapshot): Look<RestoreFacts>;
  /** `reported` is what the mover said of the transfer that is verified. */
  verify(level: VerifyLevel, snapshotID: string, reported: BackupFacts | RestoreFacts): Look<VerifyFacts>;
  forget(id: string): Look<ForgetFacts>;
  readonly prune: Look<PruneFacts>;
  readonly removeRepository: Look<RemovalFacts>;
}

export interface Asked extends Where {
  kind: RequestKind;
  /** Unlike that of every other request of its kind. */
  name: string;
  /** After which nobody wants it any more. */
  limitMs: number;
  /** Default: it is. */
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
  return childIdentity(kind, request);
}

/** As the controller does before it asks for anything. */
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

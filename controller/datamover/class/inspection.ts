import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import {
  conditionReasons,
  conditionTypes,
  type ConditionType,
} from '../../../api/datamover/v1alpha1/reasons.ts';
import { KubeError } from '../../../kube/client/kube-error.ts';
import { whenAborted } from '../../../kube/runtime/abort.ts';
import type { Clock } from '../../../kube/runtime/clock.ts';
import type { Finding } from '../../../movers/mover.ts';
import type { ResolvedClass } from '../resolution/resolve-class.ts';

/**
 * Intervals of the checks of dependencies that cannot be watched. A failed check is repeated sooner, because it is likely being
 * fixed.
 */
const INSPECTION_INTERVAL_MS = 60_000;
const INSPECTION_RETRY_MS = 15_000;

/** A check without an answer within this time has the result `Unknown`. */
const CHECK_TIMEOUT_MS = 10_000;

/** By condition, in the order in which they are shown. */
export type Findings = readonly (readonly [ConditionType, Finding])[];

/** Checks the dependencies of a class. */
export interface Inspector {
  /** Returns the findings, cached if they are recent, and how long they are valid. */
  inspect(
    dataMoverClass: DataMoverClass,
    resolved: ResolvedClass,
    signal: AbortSignal,
  ): Promise<{ findings: Findings; goodForMs: number }>;
  forget(name: string): void;
}

interface Memory {
  /** The uid and generation of the class. */
  of: string;
  findings: Findings;
  /** In terms of `clock.monotonic()`. */
  until: number;
}

export function createInspector(clock: Pick<Clock, 'monotonic'>): Inspector {
  const memories = new Map<string, Memory>();

  return {
    async inspect({ metadata }, resolved, signal) {
      const of = `${metadata.uid ?? ''} ${String(metadata.generation ?? 0)}`;
      let memory = memories.get(metadata.name);
      if (memory?.of !== of || memory.until <= clock.monotonic()) {
        const findings = await runChecks(resolved, signal);
        const isGood = findings.every(([, { status }]) => status === 'True');
        memory = {
          of,
          findings,
          until: clock.monotonic() + (isGood ? INSPECTION_INTERVAL_MS : INSPECTION_RETRY_MS),
        };
        memories.set(metadata.name, memory);
      }
      return { findings: memory.findings, goodForMs: memory.until - clock.monotonic() };
    },
    forget: (name) => void memories.delete(name),
  };
}

type Check = (signal: AbortSignal) => Promise<Finding>;

async function runChecks(resolved: ResolvedClass, signal: AbortSignal): Promise<Findings> {
  const findings = checksOf(resolved).map(
    async ([type, check]) => [type, await runCheck(check, signal)] as const,
  );
  return Promise.all(findings);
}

function checksOf({ mover, config }: ResolvedClass): [ConditionType, Check][] {
  const checkEngine = mover.checkEngine?.bind(mover);
  const checkAccess = mover.checkAccess?.bind(mover);
  const checkStore = mover.checkStore?.bind(mover);
  const checks: [ConditionType, Check | undefined][] = [
    [conditionTypes.engineServing, checkEngine],
    [
      conditionTypes.credentialsPresent,
      checkAccess && ((signal) => checkCredentials(checkAccess, config, signal)),
    ],
    [
      conditionTypes.repositoryReachable,
      checkStore && ((signal) => checkStore({ kind: 'backup', config, veleroLocation: anyLocation, signal })),
    ],
  ];
  return checks.filter((entry): entry is [ConditionType, Check] => entry[1] !== undefined);
}

/** A class belongs to no Velero backup, so the default location is checked. */
const anyLocation = () => Promise.resolve({ name: undefined });

async function checkCredentials(
  checkAccess: NonNullable<ResolvedClass['mover']['checkAccess']>,
  config: unknown,
  signal: AbortSignal,
): Promise<Finding> {
  const used = new Set<'location'>();
  const veleroLocation = (): ReturnType<typeof anyLocation> => {
    used.add('location');
    return anyLocation();
  };
  const refusal = await checkAccess({ kind: 'backup', config, veleroLocation, signal });
  if (refusal === undefined)
    return {
      status: 'True',
      reason: conditionReasons.available,
      message: 'the Secret and the storage location of the repositories exist',
    };
  const { reason, message } = refusal;
  // Each Velero backup names its own location, so a missing default location is not fatal.
  const isOpen = used.has('location') && reason === 'StorageLocationNotFound';
  return { status: isOpen ? 'Unknown' : 'False', reason, message };
}

/** An error of the check is no evidence about its subject, so the result is `Unknown`. */
async function runCheck(check: Check, outer: AbortSignal): Promise<Finding> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
  const tooLate = whenAborted(signal).then(() => {
    throw new Error(`no answer within ${String(CHECK_TIMEOUT_MS / 1000)} s`);
  });
  try {
    return await Promise.race([check(signal), tooLate]);
  } catch (error) {
    outer.throwIfAborted();
    return { status: 'Unknown', reason: 'CheckFailed', message: KubeError.from(error).message };
  }
}

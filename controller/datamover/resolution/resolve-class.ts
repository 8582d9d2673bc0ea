import type { ResolutionProblem, ResolvedContext } from '../../../lifecycle/request/request-type.ts';
import { dataMoverClassSpec, type DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { ClassResolution } from '../../../api/datamover/v1alpha1/class-resolution.ts';
import { GROUP, VERSION } from '../../../api/datamover/v1alpha1/keys.ts';
import {
  optionsFor,
  type StorageClassOptions,
} from '../../../api/datamover/v1alpha1/storage-class-options.ts';
import type { Mover } from '../../../movers/mover.ts';
import { isPrefix } from '../../../movers/repository-path.ts';

/** Which class and mover serve a request, and with what configuration. */
export interface Serving extends ResolvedContext {
  class: DataMoverClass;
  /** Those of the class. */
  deadlines: DataMoverClass['spec']['deadlines'];
  mover: Mover;
  /** Parsed by the mover. */
  config: unknown;
  /** Folder above all clusters in the repository base; part of the class's config for every mover. */
  repositoryPrefix: string;
  /** What the class says about volumes of the request's StorageClass. */
  options: StorageClassOptions;
  /** Settings that the mover accepts and that have no effect, one sentence each. */
  notes?: readonly string[];
}

export type ServingProblem = ResolutionProblem;

/** What a request brings along. */
export interface Asked {
  config?: Record<string, unknown> | undefined;
  /** Of the volume that the data comes from or goes to, as far as it is known. */
  storageClassName?: string | undefined;
}

/** As {@link serve}, for the outcome of looking for a class. */
export function serveResolved(
  movers: ReadonlyMap<string, Mover>,
  resolution: ClassResolution,
  asked: Asked,
): Serving | ServingProblem | undefined {
  switch (resolution.outcome) {
    case 'none':
      return { reason: 'NoClass', message: resolution.message };
    case 'failed':
      return { reason: resolution.reason, message: resolution.message };
    case 'resolved':
      return serve(movers, resolution.class, asked);
  }
}

/**
 * Binds a class to one of our movers. `undefined` means that the class belongs to somebody else's controller:
 * such a request is not touched at all.
 */
export function serve(
  movers: ReadonlyMap<string, Mover>,
  dataMoverClass: DataMoverClass,
  asked: Asked,
): Serving | ServingProblem | undefined {
  const mover = movers.get(dataMoverClass.spec.mover);
  if (mover === undefined) return undefined;
  const options = optionsFor(dataMoverClass.spec, asked.storageClassName);
  const merged = mergeConfig(mover, dataMoverClass, options, asked.config);
  if ('reason' in merged) return merged;
  const { repositoryPrefix = '', ...own } = merged.config;
  if (typeof repositoryPrefix !== 'string' || !isPrefix(repositoryPrefix)) {
    return invalid(
      dataMoverClass,
      'config.repositoryPrefix is not a path such as "backups/team-a", of letters, digits, ".", "_" and "-"',
    );
  }
  const { verify } = dataMoverClass.spec;
  if (verify !== 'None' && !mover.capabilities.verify.includes(verify))
    return invalid(dataMoverClass, `spec.verify is ${verify}, which mover ${mover.name} cannot do`);
  const parsed = mover.parseConfig(own);
  if ('problem' in parsed) return invalid(dataMoverClass, parsed.problem);
  const { deadlines } = dataMoverClass.spec;
  const serving = { class: dataMoverClass, deadlines, mover, repositoryPrefix, options, ...parsed };
  return refuseChoice(mover, asked, merged.ofClass) ?? serving;
}

function refuseChoice(mover: Mover, { config = {} }: Asked, ofClass: Config): ServingProblem | undefined {
  const refused = mover.refuseChoice?.(config, ofClass);
  return refused === undefined ? undefined : { reason: 'Forbidden', message: `spec.config.${refused}` };
}

/** A request that another controller's mover has begun is that controller's to the end, whatever became of its class. */
export function isForeign(
  movers: ReadonlyMap<string, Mover>,
  { status }: { status?: { mover?: string | undefined } | undefined },
): boolean {
  return status?.mover !== undefined && !movers.has(status.mover);
}

/**
 * A request stays with the mover that began it, since no other can finish or clean up after it. `undefined`: that is
 * somebody else's.
 */
export function keepMover(
  movers: ReadonlyMap<string, Mover>,
  begunBy: string | undefined,
  serving: Serving | ServingProblem | undefined,
): Serving | ServingProblem | undefined {
  if (begunBy === undefined) return serving;
  if (isForeign(movers, { status: { mover: begunBy } })) return undefined;
  const stays = serving !== undefined && ('reason' in serving || serving.mover.name === begunBy);
  if (stays) return serving;
  return {
    reason: 'InvalidConfig',
    message: `spec.mover of the DataMoverClass was changed from ${begunBy} to another mover after this request had begun; create another request`,
  };
}

/** Whether a mover can do something with what another one, or itself, has made. */
export function isUnderstood({ name, understands = [] }: Mover, maker: string): boolean {
  return maker === name || understands.includes(maker);
}

/**
 * What clean-up needs when the class has gone or can no longer be used: the mover that began the work, and nothing
 * that could begin more. A request that began nothing has no mover, and then there is nothing of a mover to clean up.
 */
export function servingForCleanup(
  movers: ReadonlyMap<string, Mover>,
  status: { dataMoverClass?: string | undefined; mover?: string | undefined } | undefined,
): Serving {
  const mover = movers.get(status?.mover ?? '') ?? idleMover;
  const spec = dataMoverClassSpec.parse({ mover: mover.name });
  const name = status?.dataMoverClass ?? '';
  return {
    class: { apiVersion: `${GROUP}/${VERSION}`, kind: 'DataMoverClass', metadata: { name }, spec },
    deadlines: spec.deadlines,
    mover,
    config: undefined,
    repositoryPrefix: '',
    options: {},
  };
}

const idleMover: Mover = {
  name: 'none',
  capabilities: {
    volumeModes: [],
    accessModes: [],
    liveSource: false,
    byteProgress: false,
    incremental: false,
    verify: [],
    forget: false,
  },
  requestSettings: [],
  snapshotIDs: { pattern: /(?!)/, form: 'nothing' },
  parseConfig: () => ({ problem: 'this mover cannot be configured' }),
  backup: () => Promise.reject(new Error('no mover')),
  restore: () => Promise.reject(new Error('no mover')),
  cleanup: () => Promise.resolve([]),
  claimsOf: () => [],
};

/**
 * A request is written by a tenant, and runs in the protected namespace: secrets, images, accounts, nodes and places in the
 * repository are not the tenant's to choose (ADR 13). So all is the class's but what is listed.
 */
function mergeConfig(
  mover: Mover,
  dataMoverClass: DataMoverClass,
  options: StorageClassOptions,
  requestConfig: Record<string, unknown> = {},
): { config: Config; ofClass: Config } | ServingProblem {
  const { secretSetting, requestSettings, placeSettings = [] } = mover;
  const open = [...(secretSetting === undefined ? [] : [secretSetting.name]), ...requestSettings];
  const reserved = Object.keys(requestConfig).find((key) => !open.includes(key));
  if (reserved !== undefined) {
    return {
      reason: 'Forbidden',
      message: `spec.config.${reserved} may only be set in DataMoverClass ${dataMoverClass.metadata.name}; a request may set ${open.join(', ')}`,
    };
  }
  const sameForAll = ['repositoryPrefix', ...placeSettings, ...Object.values(secretSetting ?? {})];
  const misplaced = sameForAll.find((key) => key in (options.config ?? {}));
  if (misplaced !== undefined) {
    return {
      reason: 'InvalidConfig',
      message: `DataMoverClass ${dataMoverClass.metadata.name}: spec.storageClasses must not set config.${misplaced}, which says where the data is and must be the same for all; set it in spec.config`,
    };
  }
  const ofClass = { ...dataMoverClass.spec.config, ...options.config };
  const config = { ...ofClass, ...requestConfig };
  if (secretSetting === undefined) return { config, ofClass };
  const chosen = chooseSecret(secretSetting, dataMoverClass, { classConfig: ofClass, requestConfig, config });
  return 'reason' in chosen ? chosen : { ...chosen, ofClass };
}

type Config = Record<string, unknown>;

/** Which of the secrets that the class allows a request uses is its own choice. */
function chooseSecret(
  { name: setting, allowed }: NonNullable<Mover['secretSetting']>,
  { metadata }: DataMoverClass,
  { classConfig, requestConfig, config }: Record<'classConfig' | 'requestConfig' | 'config', Config>,
): { config: Config } | ServingProblem {
  const asked = nameIn(requestConfig[setting]);
  const listed: unknown = classConfig[allowed];
  if (asked === undefined && setting in requestConfig)
    return invalid({ metadata }, `spec.config.${setting} is not an object with a name`);
  const isAllowed = Array.isArray(listed) && listed.includes(asked);
  if (asked !== undefined && asked !== nameIn(classConfig[setting]) && !isAllowed) {
    return {
      reason: 'Forbidden',
      message: `spec.config.${setting}.name ${asked} is not allowed; the administrator can list it in config.${allowed} of DataMoverClass ${metadata.name}`,
    };
  }
  return { config: Object.fromEntries(Object.entries(config).filter(([key]) => key !== allowed)) };
}

function nameIn(secret: unknown): string | undefined {
  if (typeof secret !== 'object' || secret === null || !('name' in secret)) return undefined;
  return typeof secret.name === 'string' ? secret.name : undefined;
}

function invalid(dataMoverClass: Pick<DataMoverClass, 'metadata'>, problem: string): ServingProblem {
  return {
    reason: 'InvalidConfig',
    message: `DataMoverClass ${dataMoverClass.metadata.name} with the request's spec.config: ${problem}`,
  };
}

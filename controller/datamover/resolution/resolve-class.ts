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

/** The class and the mover of a request, with the merged configuration. */
export interface ResolvedClass extends ResolvedContext {
  class: DataMoverClass;
  /** The deadlines of the class. */
  deadlines: DataMoverClass['spec']['deadlines'];
  mover: Mover;
  /** Parsed by the mover. */
  config: unknown;
  /** Folder above all clusters in the repository base; part of the class's config for every mover. */
  repositoryPrefix: string;
  /** The settings of the class for volumes of the request's StorageClass. */
  options: StorageClassOptions;
  /** Settings that the mover accepts and that have no effect, one sentence each. */
  notes?: readonly string[];
}

export type { ResolutionProblem };

/** The settings of a request. */
export interface RequestSettings {
  config?: Record<string, unknown> | undefined;
  /** Storage class of the source or destination volume, if known. */
  storageClassName?: string | undefined;
}

/** Calls {@link bindClass} for a resolved class, or returns the problem of the resolution. */
export function resolveClassFor(
  movers: ReadonlyMap<string, Mover>,
  resolution: ClassResolution,
  settings: RequestSettings,
): ResolvedClass | ResolutionProblem | undefined {
  switch (resolution.outcome) {
    case 'none':
      return { reason: 'NoClass', message: resolution.message };
    case 'failed':
      return { reason: resolution.reason, message: resolution.message };
    case 'resolved':
      return bindClass(movers, resolution.class, settings);
  }
}

/**
 * Binds a class to one of our movers. Returns `undefined` if another controller serves the class; such a request must not be
 * touched.
 */
export function bindClass(
  movers: ReadonlyMap<string, Mover>,
  dataMoverClass: DataMoverClass,
  settings: RequestSettings,
): ResolvedClass | ResolutionProblem | undefined {
  const mover = movers.get(dataMoverClass.spec.mover);
  if (mover === undefined) return undefined;
  const options = optionsFor(dataMoverClass.spec, settings.storageClassName);
  const merged = mergeConfig(mover, dataMoverClass, options, settings.config);
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
  const resolved = { class: dataMoverClass, deadlines, mover, repositoryPrefix, options, ...parsed };
  return refuseChoice(mover, settings, merged.ofClass) ?? resolved;
}

function refuseChoice(
  mover: Mover,
  { config = {} }: RequestSettings,
  ofClass: Config,
): ResolutionProblem | undefined {
  const refused = mover.refuseChoice?.(config, ofClass);
  return refused === undefined ? undefined : { reason: 'Forbidden', message: `spec.config.${refused}` };
}

/**
 * Returns true if the mover of another controller started the request. That controller keeps it to the end, even if the class
 * changes.
 */
export function isForeign(
  movers: ReadonlyMap<string, Mover>,
  { status }: { status?: { mover?: string | undefined } | undefined },
): boolean {
  return status?.mover !== undefined && !movers.has(status.mover);
}

/**
 * Keeps a request with the mover that started it, because no other can finish or clean it up. Returns `undefined` if that mover
 * belongs to another controller.
 */
export function pinMover(
  movers: ReadonlyMap<string, Mover>,
  begunBy: string | undefined,
  resolved: ResolvedClass | ResolutionProblem | undefined,
): ResolvedClass | ResolutionProblem | undefined {
  if (begunBy === undefined) return resolved;
  if (isForeign(movers, { status: { mover: begunBy } })) return undefined;
  const isPinned = resolved !== undefined && ('reason' in resolved || resolved.mover.name === begunBy);
  if (isPinned) return resolved;
  return {
    reason: 'InvalidConfig',
    message: `spec.mover of the DataMoverClass was changed from ${begunBy} to another mover after this request had begun; create another request`,
  };
}

/** Returns true if a mover can read what another mover, or itself, has created. */
export function isUnderstood({ name, understands = [] }: Mover, maker: string): boolean {
  return maker === name || understands.includes(maker);
}

/**
 * Returns what cleanup needs if the class was deleted or is no longer valid: the mover that started the work, without the
 * configuration to start more. A request that started nothing has no mover, and no objects of a mover to clean up.
 */
export function resolvedForCleanup(
  movers: ReadonlyMap<string, Mover>,
  status: { dataMoverClass?: string | undefined; mover?: string | undefined } | undefined,
): ResolvedClass {
  const mover = movers.get(status?.mover ?? '') ?? noopMover;
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

const noopMover: Mover = {
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
 * Merges the configuration of the class and the request. A tenant writes the request, but it runs in the protected namespace:
 * secrets, images, accounts, nodes and places in the repository are not the tenant's to choose (ADR 13). So a request may set
 * only the listed settings.
 */
function mergeConfig(
  mover: Mover,
  dataMoverClass: DataMoverClass,
  options: StorageClassOptions,
  requestConfig: Record<string, unknown> = {},
): { config: Config; ofClass: Config } | ResolutionProblem {
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
      message: `DataMoverClass ${dataMoverClass.metadata.name}: spec.storageClasses must not set config.${misplaced}, which determines where the data is and must be the same for all volumes; set it in spec.config`,
    };
  }
  const ofClass = { ...dataMoverClass.spec.config, ...options.config };
  const config = { ...ofClass, ...requestConfig };
  if (secretSetting === undefined) return { config, ofClass };
  const chosen = chooseSecret(secretSetting, dataMoverClass, { classConfig: ofClass, requestConfig, config });
  return 'reason' in chosen ? chosen : { ...chosen, ofClass };
}

type Config = Record<string, unknown>;

/** Checks that the class allows the secret that the request selects. */
function chooseSecret(
  { name: setting, allowed }: NonNullable<Mover['secretSetting']>,
  { metadata }: DataMoverClass,
  { classConfig, requestConfig, config }: Record<'classConfig' | 'requestConfig' | 'config', Config>,
): { config: Config } | ResolutionProblem {
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

function invalid(dataMoverClass: Pick<DataMoverClass, 'metadata'>, problem: string): ResolutionProblem {
  return {
    reason: 'InvalidConfig',
    message: `DataMoverClass ${dataMoverClass.metadata.name} with the request's spec.config: ${problem}`,
  };
}

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataMoverClasses, dataMoverDeletes, dataMoverPrunes } from '../../api/datamover/v1alpha1/kinds.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** The exact message of each kind of request if no class can serve it. */

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

const apiVersion = 'oadp.openshift.io/v1alpha1';

const NO_DEFAULT = 'none is marked as default (annotation oadp.openshift.io/default: "true")';

interface Outcome {
  failure?: { reason: string; message: string } | undefined;
  lastFailure?: { reason: string; message: string } | undefined;
}

/** Creates a request of its kind; returns a function that reads its status. */
type Maker = (more: { dataMoverClass?: string; mover?: string }) => () => Outcome | undefined;

const makers: Record<'backup' | 'snapshot' | 'restore' | 'delete' | 'prune', Maker> = {
  backup: ({ dataMoverClass }) => {
    harness.addBackup('b1', ({ spec }) => void Object.assign(spec, { dataMoverClass }));
    return () => harness.backup()?.status;
  },
  snapshot: ({ dataMoverClass }) => {
    harness.addBackup('b1', ({ spec }) => {
      const dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'cut' };
      Object.assign(spec, { dataMoverClass, dataSourceRef });
    });
    return () => harness.backup()?.status;
  },
  restore: ({ dataMoverClass, mover = 'VolSync' }) => {
    const [source] = harness.addRepository('precious');
    harness.addDestination();
    harness.addRestore('r1', ({ spec }) => {
      Object.assign(source!.result!, { mover });
      Object.assign(spec, { dataMoverClass, source: { ...source, dataMoverClass: undefined } });
    });
    return () => harness.restore()?.status;
  },
  delete: ({ dataMoverClass, mover = 'VolSync' }) => {
    const result = { mover, repository: 'c1/app/data', snapshotID: 'abcdef01' };
    const metadata = { namespace: 'velero', name: 'd1' };
    const spec = { result, ...(dataMoverClass !== undefined && { dataMoverClass }) };
    harness.kube.seed(dataMoverDeletes, { apiVersion, kind: 'DataMoverDelete', metadata, spec });
    return () => harness.kube.peek(dataMoverDeletes, metadata)?.status;
  },
  prune: ({ dataMoverClass, mover = 'VolSync' }) => {
    const metadata = { namespace: 'velero', name: 'p1' };
    const spec = {
      mover,
      repository: 'c1/app/data',
      ...(dataMoverClass !== undefined && { dataMoverClass }),
    };
    harness.kube.seed(dataMoverPrunes, { apiVersion, kind: 'DataMoverPrune', metadata, spec });
    return () => harness.kube.peek(dataMoverPrunes, metadata)?.status;
  },
};

async function problemOf(kind: keyof typeof makers, more: Parameters<Maker>[0] = {}) {
  await harness.start();
  const status = makers[kind](more);
  const problem = (): Outcome['failure'] => status()?.failure ?? status()?.lastFailure;
  await harness.until(() => problem() !== undefined);
  return problem();
}

describe('if no class applies,', () => {
  beforeEach(() => harness.kube.remove(dataMoverClasses, { name: 'volsync' }));

  it.each<[keyof typeof makers, string]>([
    [
      'backup',
      `no DataMoverClass selects PersistentVolumeClaim app/data and ${NO_DEFAULT}; its data is not moved`,
    ],
    ['snapshot', `no DataMoverClass selects VolumeSnapshot app/cut and ${NO_DEFAULT}; its data is not moved`],
    [
      'restore',
      `no DataMoverClass selects PersistentVolumeClaim app/restored and ${NO_DEFAULT}; its data is not moved`,
    ],
    ['delete', `DataMoverDelete velero/d1 names no class in spec.dataMoverClass, and ${NO_DEFAULT}`],
    ['prune', `DataMoverPrune velero/p1 names no class in spec.dataMoverClass, and ${NO_DEFAULT}`],
  ])('a %s fails and reports what is missing', async (kind, message) => {
    expect(await problemOf(kind)).toEqual({ reason: 'NoClass', message });
  });
});

const ANOTHER = 'create that class with access to the same repositories, as another class may lead to others';

it.each<[keyof typeof makers, string]>([
  ['backup', 'the request names DataMoverClass golf, which does not exist (there are: volsync)'],
  ['snapshot', 'the request names DataMoverClass golf, which does not exist (there are: volsync)'],
  ['restore', 'the request names DataMoverClass golf, which does not exist (there are: volsync)'],
  [
    'delete',
    `spec.dataMoverClass of DataMoverDelete velero/d1 names DataMoverClass golf, which does not exist (there are: volsync); ${ANOTHER}`,
  ],
  [
    'prune',
    `spec.dataMoverClass of DataMoverPrune velero/p1 names DataMoverClass golf, which does not exist (there are: volsync); ${ANOTHER}`,
  ],
])('a %s whose class does not exist fails and lists the existing classes', async (kind, message) => {
  expect(await problemOf(kind, { dataMoverClass: 'golf' })).toEqual({ reason: 'ClassNotFound', message });
});

describe('if several classes match,', () => {
  beforeEach(() => {
    for (const name of ['gold', 'zinc']) {
      harness.addClass(({ metadata, spec }) => {
        Object.assign(metadata, { name, annotations: {} });
        spec.selector = '!bronze';
      });
    }
  });

  it.each<[keyof typeof makers, string]>([
    [
      'backup',
      'PersistentVolumeClaim app/data is selected by 2 DataMoverClasses (gold, zinc); change its labels or their spec.selector, or name one in its annotation oadp.openshift.io/data-mover-class',
    ],
    [
      'snapshot',
      'VolumeSnapshot app/cut is selected by 2 DataMoverClasses (gold, zinc); change its labels or their spec.selector, or name one in spec.dataMoverClass',
    ],
    [
      'restore',
      'PersistentVolumeClaim app/restored is selected by 2 DataMoverClasses (gold, zinc); change its labels or their spec.selector, or name one in its annotation oadp.openshift.io/data-mover-class',
    ],
  ])('a %s fails, lists them and explains how to choose one', async (kind, message) => {
    expect(await problemOf(kind)).toEqual({ reason: 'AmbiguousClass', message });
  });

  it.each(['delete', 'prune'] as const)(
    'a %s ignores the selectors and gets the default class',
    async (kind) => {
      await harness.start();
      const status = makers[kind]({}) as () => { dataMoverClass?: string } | undefined;
      await harness.until(() => status()?.dataMoverClass !== undefined);
      expect(status()?.dataMoverClass).toBe('volsync');
    },
  );
});

it.each<[keyof typeof makers, string, string]>([
  [
    'restore',
    'InvalidRequest',
    'DataMoverBackup b1 was created by mover Tape; DataMoverClass volsync is served by VolSync; name a class of mover Tape in spec.dataMoverClass',
  ],
  [
    'delete',
    'NoClass',
    'the backup was created by mover Tape, and DataMoverClass volsync is served by VolSync; create a DataMoverClass of mover Tape, and another request that names it in spec.dataMoverClass',
  ],
  [
    'prune',
    'NoClass',
    'the backup was created by mover Tape, and DataMoverClass volsync is served by VolSync; create a DataMoverClass of mover Tape, and another request that names it in spec.dataMoverClass',
  ],
])('a %s about data of another mover names both movers', async (kind, reason, message) => {
  expect(await problemOf(kind, { mover: 'Tape' })).toEqual({ reason, message });
});

it.each<[keyof typeof makers]>([['delete'], ['prune']])(
  'a %s whose class is of a mover that is not served here names both movers',
  async (kind) => {
    harness.addClass(({ metadata, spec }) => {
      Object.assign(metadata, { name: 'tape', annotations: {} });
      spec.mover = 'Tape';
    });
    expect(await problemOf(kind, { dataMoverClass: 'tape' })).toEqual({
      reason: 'NoClass',
      message:
        'the backup was created by mover VolSync, and DataMoverClass tape is served by Tape; create a DataMoverClass of mover VolSync, and another request that names it in spec.dataMoverClass',
    });
  },
);

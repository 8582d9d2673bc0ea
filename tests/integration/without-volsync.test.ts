import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { homedir } from 'node:os';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import {
  jobs,
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
} from '../../api/kubernetes/core.ts';
import type { Condition, Kind, Resource } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { conditionTypes } from '../../api/datamover/v1alpha1/reasons.ts';
import { createDataMover } from '../../controller/datamover/app.ts';
import { builtInMovers } from '../../movers/registry.ts';
import { toolFolders } from '../../hack/cluster/tools.ts';
import { createInformerSet, type InformerSet } from '../../kube/cache/informer-set.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { LogFields, Logger } from '../../telemetry/log.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installCrds, type Crd } from './install-crds.ts';
import { eventually } from './widgets.ts';

/** A controller with both movers, first in a cluster without VolSync's kinds, which are installed later. It is started once. */

const PROTECTED = 'velero';
const APP = 'shop';
/** Kubernetes checks volumes every 15 s. */
const LIMIT_MS = 120_000;
const API = 'oadp.openshift.io/v1alpha1';

let plane: ControlPlane;
let client: KubeClient;
let informers: InformerSet;
let running: Promise<unknown>;
const stop = new AbortController();
const told: { level: 'debug' | 'warn'; kind: unknown }[] = [];

/** Records which kinds the informers log about, and at which level. */
const log: Logger = {
  debug: note('debug'),
  info: () => undefined,
  warn: note('warn'),
  error: () => undefined,
  child: () => log,
};

function note(level: 'debug' | 'warn'): Logger['warn'] {
  return (fields: LogFields | string) => {
    if (typeof fields !== 'string') told.push({ level, kind: fields['kind'] });
  };
}

const timesTold = (level: 'debug' | 'warn', kind: string): number =>
  told.filter((one) => one.level === level && one.kind === kind).length;

function crdsIn(pattern: string): Crd[] {
  return globSync(pattern).map((file) => parse(readFileSync(file, 'utf8')) as Crd);
}

async function create(kind: Kind<Resource>, object: object): Promise<void> {
  await client.create(kind, object as Resource);
}

/** Creates a volume that is read live, because no snapshots are taken here. */
async function makeVolume(name: string): Promise<void> {
  const size = { storage: '1Gi' };
  await create(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: size,
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace: APP, name },
      csi: { driver: 'csi.example.com', volumeHandle: name },
    },
  });
  await create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: APP, name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      volumeName: name,
      resources: { requests: size },
    },
  });
  const key = { namespace: APP, name };
  const claim = () => client.get(persistentVolumeClaims, key);
  await eventually(async () => (await claim())?.status?.phase === 'Bound', LIMIT_MS);
}

/** Creates a backup of a volume; returns the name of its children. */
async function backUp(name: string, dataMoverClass: string): Promise<{ namespace: string; name: string }> {
  const request = await client.create(dataMoverBackups, {
    apiVersion: API,
    kind: 'DataMoverBackup',
    metadata: { namespace: APP, name },
    spec: { dataMoverClass, dataSourceRef: { kind: 'PersistentVolumeClaim', name } },
  });
  return { namespace: PROTECTED, name: childName('backup', request.metadata.uid!) };
}

async function statusOf(name: string) {
  return (await client.get(dataMoverBackups, { namespace: APP, name }))?.status;
}

async function engineOf(name: string): Promise<Condition | undefined> {
  const { status } = (await client.get(dataMoverClasses, { name })) ?? {};
  return status?.conditions?.find(({ type }) => type === conditionTypes.engineServing);
}

beforeAll(async () => {
  plane = await startControlPlane();
  client = createKubeClient(plane.config, { fieldManager: 'datamover-controller' });
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'datamover');
  const ofSnapshots = join(toolFolders(cache)['external-snapshotter'], 'crds/snapshot.storage.k8s.io_*.yaml');
  await installCrds(client, crdsIn(ofSnapshots));
  await plane.startControllers(
    'persistentvolume-binder-controller',
    'persistentvolumeclaim-protection-controller',
    'persistentvolume-protection-controller',
    'garbage-collector-controller',
  );
  for (const name of [PROTECTED, APP])
    await create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const keys = {
    RESTIC_REPOSITORY: 's3:http://127.0.0.1:1/bucket',
    RESTIC_PASSWORD: 'p',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 's',
  };
  await create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: PROTECTED, name: 'restic-config' },
    stringData: keys,
  });
  for (const mover of ['VolSync', 'Restic']) {
    await create(dataMoverClasses, {
      apiVersion: API,
      kind: 'DataMoverClass',
      metadata: { name: mover.toLowerCase() },
      spec: { mover, capture: 'Live', config: { resticSecret: { name: 'restic-config' } } },
    });
  }
  await Promise.all(['early', 'other', 'late'].map(makeVolume));
  informers = createInformerSet({ client, log, random: () => 0 });
  const { controllers } = createDataMover({
    client,
    informerSet: informers,
    namespace: PROTECTED,
    clusterName: 'test',
    movers: builtInMovers,
    reporter: { report: () => undefined },
    log,
  });
  running = Promise.all([informers.run(stop.signal), ...controllers.map((one) => one.run(stop.signal))]);
  running.catch(() => undefined);
  await informers.waitForSync({ timeoutMs: LIMIT_MS });
}, 300_000);

afterAll(async () => {
  stop.abort();
  await running;
  await client.close();
  await plane.stop();
});

it('works without VolSync: its classes report it, its backups fail, and the other mover works', async () => {
  await eventually(async () => (await engineOf('volsync'))?.status === 'False', LIMIT_MS);
  expect(await engineOf('volsync')).toMatchObject({
    reason: 'EngineMissing',
    message: 'VolSync is not installed: the kind ReplicationSource does not exist; install VolSync',
  });

  const [, child] = await Promise.all([backUp('early', 'volsync'), backUp('other', 'restic')]);
  await eventually(async () => (await statusOf('early'))?.completionTimestamp !== undefined, LIMIT_MS);
  expect(await statusOf('early')).toMatchObject({
    phase: 'Failed',
    failure: {
      reason: 'MoverFailed',
      message: expect.stringContaining(
        'install VolSync, or choose a DataMoverClass of another mover',
      ) as unknown,
    },
  });
  await eventually(async () => (await client.get(jobs, child)) !== undefined, LIMIT_MS);
}, 400_000);

it('warns only once that a kind is not installed', async () => {
  await eventually(() => timesTold('debug', 'ReplicationSource') > 1, LIMIT_MS);
  expect(timesTold('warn', 'ReplicationSource')).toBe(1);
  expect(timesTold('warn', 'ReplicationDestination')).toBe(1);
}, 200_000);

it('moves with VolSync, without a restart, once it is installed', async () => {
  await installCrds(
    client,
    crdsIn(join(import.meta.dirname, '../../hack/cluster/doubles/volsync/crds/*.yaml')),
  );
  const child = await backUp('late', 'volsync');
  // The survey of the volume runs first, and no node here could run its pod.
  const survey = { ...child, name: `${child.name}-survey` };
  await eventually(async () => (await client.get(jobs, survey)) !== undefined, LIMIT_MS);
  await eventually(async () => (await engineOf('volsync'))?.reason !== 'EngineMissing', LIMIT_MS);
  const inTouch = (): boolean =>
    informers
      .status()
      .filter(({ kind }) => kind.startsWith('Replication'))
      .every(({ hasSynced, lastError }) => hasSynced && lastError === undefined);
  await eventually(inTouch, LIMIT_MS);

  await client.mergePatch(dataMoverBackups, { namespace: APP, name: 'late' }, { spec: { cancel: true } });
  await eventually(async () => (await statusOf('late'))?.phase === 'Canceled', LIMIT_MS);
  expect(await client.get(jobs, survey)).toBeUndefined();
}, 400_000);

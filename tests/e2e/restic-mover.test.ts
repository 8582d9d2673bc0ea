import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '../../hack/cluster/wait.ts';
import { apiVersionOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { shortHash } from '../../api/kubernetes/names.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { differences, manifestOf, RICH_DATA, type Manifest } from './support/data.ts';
import { leftoversOf } from './support/leftovers.ts';
import { restic } from './support/restic.ts';
import { locksIn } from './support/restic-lock.ts';
import { resticSecret } from './support/setup.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import { backUp, movedBackups, restore } from './support/velero.ts';
import { until } from './support/wait.ts';

const RESTRICTED = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  fsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** The Restic mover moves one volume with all kinds of files in every mode; it shares a repository with VolSync. */
describe('the Restic mover', () => {
  let story: Story;
  let app: Place;
  let before: Manifest;
  let killed: DataMoverBackup;
  let locksAfterKill: number;
  let snapshotsAfterKill: number;
  let wrong: DataMoverBackup;
  let byVelero: DataMoverBackup[];
  let again: DataMoverBackup;
  /** How often the first and the second backup with a cache read the index of the repository from the store. */
  let indexReads: [number, number];
  let byVolSync: DataMoverBackup;
  const copies = new Map<string, Manifest>();
  const restores = new Map<string, DataMoverRestore>();

  const isOver = ({ status }: { status?: { completionTimestamp?: string | undefined } }): boolean =>
    status?.completionTimestamp !== undefined;

  const makeClass = (name: string, more: { mover?: string; config?: object } = {}): Promise<string> => {
    const { mover = 'Restic', config } = more;
    const own = { resticSecret: { name: 'restic-config' }, resticImage: story.cluster.images.volsyncRestic };
    return story.makeClass(name, { mover, config: { ...own, ...config } });
  };

  const startBackup = (name: string, className: string): Promise<void> =>
    story.apply({
      apiVersion: apiVersionOf(dataMoverBackups),
      kind: dataMoverBackups.kind,
      metadata: { name, namespace: app.namespace },
      spec: { dataMoverClass: className, dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
    });

  const endOf = (name: string): Promise<DataMoverBackup> =>
    until(
      story.kube,
      dataMoverBackups,
      { namespace: app.namespace, name },
      {
        to: 'to end',
        timeoutMs: 240_000,
        when: isOver,
      },
    );

  /** Restores a record to a new claim and reads it there. */
  const copy = async (
    name: string,
    className: string,
    { metadata, status }: DataMoverBackup,
  ): Promise<void> => {
    const key = { namespace: app.namespace, name };
    const { result, volume } = status!;
    const empty = claim(key) as { spec: object };
    const selector = { matchLabels: { [labels.restoredBy]: name } };
    await story.apply(
      { ...empty, spec: { ...empty.spec, selector } },
      {
        apiVersion: apiVersionOf(dataMoverRestores),
        kind: dataMoverRestores.kind,
        metadata: key,
        spec: {
          dataMoverClass: className,
          destinationClaimRef: { name },
          source: {
            backupName: metadata.name,
            backupNamespace: metadata.namespace,
            dataMoverClass: className,
            result,
            volume,
          },
        },
      },
    );
    const over = await until(story.kube, dataMoverRestores, key, {
      to: 'to end',
      timeoutMs: 240_000,
      when: isOver,
    });
    restores.set(name, over);
    if (over.status?.phase !== 'Completed') return;
    await story.apply(pod(key, story.cluster.images.busybox, { mounts: { '/data': name } }));
    await untilRunning(story, key);
    copies.set(name, await manifestOf(story, key));
  };

  /** Deletes a pod while it uploads. */
  const loseMoverPod = async (): Promise<void> => {
    await startBackup('killed', story.unique('slow'));
    const key = { namespace: app.namespace, name: 'killed' };
    const { status } = await until(story.kube, dataMoverBackups, key, {
      to: 'to have a repository',
      when: (object) => object.status?.repositoryPath !== undefined,
    });
    const { config, s3 } = story.cluster;
    const path = status!.repositoryPath!;
    const repository = join(config.paths.s3, s3.buckets.datamover, 'restic', path);
    await waitUntil('the repository to be in use', async () => (await locksIn(repository)).length > 0, {
      timeoutMs: 120_000,
    });
    const uid = (await story.kube.get(dataMoverBackups, key))!.metadata.uid!;
    const selector = `${labels.requestUid}=${uid}`;
    await story.kubectl(['delete', 'pod', '--namespace', story.namespace, '--selector', selector, '--wait']);
    killed = await endOf('killed');
    locksAfterKill = (await locksIn(repository)).length;
    snapshotsAfterKill = (await restic<object[]>(story.cluster, path, ['snapshots'])).length;
  };

  const countIndexReads = async (path: string): Promise<number> => {
    const { config, s3 } = story.cluster;
    const log = await readFile(join(config.paths.logs, 's3.log'), 'utf8');
    return log.split(`| GET | /${s3.buckets.datamover}/restic/${path}/index/`).length - 1;
  };

  /** Runs two backups with Velero. Both use the cache of the class, and the first one fills it. */
  const backUpTwice = async (backup: string): Promise<void> => {
    const path = killed.status!.repositoryPath!;
    const before = await countIndexReads(path);
    await backUp(story, backup, app.namespace);
    const between = await countIndexReads(path);
    byVelero = await movedBackups(story, backup);
    await startBackup('again', story.unique('plain'));
    again = await endOf('again');
    indexReads = [between - before, (await countIndexReads(path)) - between];
    const cache = `${labels.cache}=${shortHash(path)}`;
    const mine = ['delete', 'pvc', '--namespace', story.namespace, '--selector', cache];
    story.atEnd(() => story.kubectl([...mine, '--wait=false']));
  };

  beforeAll(async () => {
    story = await openStory('restic');
    const namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    const className = await makeClass('plain', { config: { cacheCapacity: '64Mi' } });
    await Promise.all([
      makeClass('restricted', { config: { moverSecurityContext: RESTRICTED } }),
      makeClass('slow', { config: { limitUpload: 1024 } }),
      makeClass('wrong', { config: { resticSecret: { name: story.unique('wrong') } } }),
      makeClass('volsync', { mover: 'VolSync' }),
      story.make(resticSecret(story.cluster, { name: story.unique('wrong'), RESTIC_PASSWORD: 'another' })),
    ]);
    await story.apply(
      claim({ namespace, name: 'data' }, { annotations: askForClass(className) }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, `${RICH_DATA}\ncd /data; chown 77:88 setgid; chmod 2775 setgid; sync`);
    before = await manifestOf(story, app);
    await loseMoverPod();
    await startBackup('wrong', story.unique('wrong'));
    wrong = await endOf('wrong');
    const backup = story.unique('backup');
    await backUpTwice(backup);
    const [one] = byVelero;
    await startBackup('by-volsync', story.unique('volsync'));
    byVolSync = await endOf('by-volsync');
    await Promise.all([
      copy('through-volsync', story.unique('volsync'), one!),
      copy('from-volsync', className, byVolSync),
      copy('of-one-user', story.unique('restricted'), one!),
    ]);
    await story.loseNamespace(namespace);
    await restore(story, { name: story.unique('restore'), from: backup });
    await untilRunning(story, app);
    copies.set('data', await manifestOf(story, app));
  });

  afterAll(() => story.end());

  it('saves through Velero, and brings every file back as it was', () => {
    expect(byVelero.map(({ status }) => status?.result?.mover)).toEqual(['Restic']);
    expect(before['setgid']).toMatchObject({ mode: '2775', uid: 77, gid: 88 });
    expect(differences(before, copies.get('data')!)).toEqual([]);
  });

  it('brings back what VolSync has saved', () => {
    expect(byVolSync.status?.result?.mover).toBe('VolSync');
    expect(differences(before, copies.get('from-volsync')!)).toEqual([]);
  });

  it('saves what VolSync brings back', () => {
    expect(restores.get('through-volsync')?.status).toMatchObject({ phase: 'Completed', mover: 'VolSync' });
    const contents = (manifest: Manifest) =>
      Object.entries(manifest).map(([path, { type, size, sha256 }]) => ({ path, type, size, sha256 }));
    expect(contents(copies.get('through-volsync')!)).toEqual(contents(before));
  });

  it('restores all contents as an unprivileged user, and reports the owners that it could not set', () => {
    const { status } = restores.get('of-one-user')!;
    expect(status).toMatchObject({ phase: 'Completed' });
    expect(status?.restored?.notPreserved).toMatch(
      /^owners of [0-9]+ \(such as "\/.*"\), extended attributes that an ordinary user may not set, if there were any, of the root folder: owner mode time$/,
    );
    const hashes = (manifest: Manifest) => Object.values(manifest).flatMap(({ sha256 }) => sha256 ?? []);
    expect(hashes(copies.get('of-one-user')!).sort()).toEqual(hashes(before).sort());
  });

  it('leaves no lock if its pod is deleted during a backup, and saves one snapshot', () => {
    expect(killed.status).toMatchObject({ phase: 'Completed' });
    expect([locksAfterKill, snapshotsAfterKill]).toEqual([0, 1]);
  });

  it('reads nothing again from the store that it has in its cache', () => {
    expect(again.status).toMatchObject({ phase: 'Completed' });
    const [cold, warm] = indexReads;
    expect(cold).toBeGreaterThan(0);
    expect(warm).toBe(0);
  });

  it('reports a wrong password', () => {
    expect(wrong.status?.failure).toMatchObject({ reason: 'WrongPassword' });
  });

  it('leaves nothing behind', async () => {
    expect(await leftoversOf(story, [killed, wrong, again, byVolSync, ...byVelero])).toEqual([]);
  });
});

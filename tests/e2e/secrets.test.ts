import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jobs, persistentVolumeClaims, pods, secrets } from '../../api/kubernetes/core.ts';
import { backups, backupStorageLocations } from '../../api/velero/v1.ts';
import { replicationDestinations, replicationSources } from '../../api/volsync/v1alpha1.ts';
import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { canariesIn, type Canaries } from './support/canaries.ts';
import { leftoversOf } from './support/leftovers.ts';
import { record, type Recording } from './support/recording.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import { startTlsProxy } from './support/tls-proxy.ts';
import {
  backupEnd,
  describeBackup,
  describeRestore,
  movedBackups,
  movedRestores,
  restoreEnd,
  startBackup,
  startRestore,
} from './support/velero.ts';
import { until, untilGone } from './support/wait.ts';

/**
 * A secret with a password only: the repositories are in Velero's own location and in another one with a prefix, credentials and
 * a certificate authority of its own. One claim is denied access; a restore has the wrong password. No secret value is visible
 * anywhere.
 */
describe('repositories in the locations of Velero', () => {
  let story: Story;
  let app: Place;
  let mapped: Place;
  let archive: string;
  let phase: string;
  let backedUpAt: number;
  let requests: DataMoverBackup[];
  let restored: Record<string, string>;
  let refused: DataMoverRestore[];
  let removals: DataMoverDelete[];
  /** What Velero stores about the backup and both restores, and what it prints about them. */
  let kept: string[];
  const recordings: Recording<Resource>[] = [];

  const CLAIMS = ['plain', 'archived', 'denied'];
  const run = Date.now().toString(36);
  const canaries = {
    password: `c4nary pässword/+&=?"${run}`,
    'wrong password': `c4nary wr0ng/+&=?"${run}`,
    'access key': `C4NARYKEY${run}`.toUpperCase(),
    'secret key': `c4nary+secret/key=${run}`,
    'session token': `c4nary//session++token==${run}`,
    certificate: `c4nary certificate ${run}`,
  } satisfies Canaries;

  const resultOf = (pvc: string) => requestOf(pvc).status?.result;
  const requestOf = (pvc: string): DataMoverBackup =>
    requests.find(({ spec }) => spec.dataSourceRef.name === pvc)!;

  const keepSecret = (name: string, stringData: Record<string, string>): Promise<void> =>
    story.make({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: story.unique(name), namespace: story.namespace },
      ...{ stringData },
    });

  const makeClass = (name: string, secret: string, config: object = {}): Promise<string> =>
    story.makeClass(name, {
      config: {
        resticSecret: { name: story.unique(secret) },
        resticImage: story.cluster.images.volsyncRestic,
        ...config,
      },
    });

  /**
   * Uses a bucket unrelated to Velero's own location, because that location would not accept the prefix of another, over TLS with
   * an authority that only this location names.
   */
  const makeArchive = async (): Promise<void> => {
    const { s3 } = story.cluster;
    archive = story.unique('archive');
    const { endpoint, authority, close } = await startTlsProxy(s3.endpoint);
    story.atEnd(async () => close());
    const profile = [`aws_access_key_id = ${s3.accessKey}`, `aws_secret_access_key = ${s3.secretKey}`];
    await keepSecret('keys', { file: ['[other]', '[backup]', ...profile].join('\n') });
    await story.make({
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name: archive, namespace: story.namespace },
      ...{
        spec: {
          provider: 'velero.io/aws',
          credential: { name: story.unique('keys'), key: 'file' },
          config: { region: s3.region, s3Url: endpoint, s3ForcePathStyle: 'true', profile: 'backup' },
          objectStorage: {
            bucket: s3.buckets.datamover,
            prefix: `${archive}/velero`,
            caCert: Buffer.from(authority).toString('base64'),
          },
          validationFrequency: '1s',
        },
      },
    });
  };

  const recordAll = (): void => {
    const inVelero: Kind<Resource>[] = [replicationSources, replicationDestinations, jobs, pods];
    const everywhere: Kind<Resource>[] = [persistentVolumeClaims];
    const inApp: Kind<Resource>[] = [dataMoverBackups, dataMoverRestores];
    for (const kind of [...inVelero, ...everywhere])
      recordings.push(record(story.kube, kind, story.namespace));
    for (const { namespace } of [app, mapped])
      for (const kind of [...inApp, ...everywhere]) recordings.push(record(story.kube, kind, namespace));
  };

  const restoreInto = async (name: string, namespace: string): Promise<void> => {
    const mapping = `${app.namespace}:${namespace}`;
    await startRestore(story, story.unique(name), story.unique('backup'), '--namespace-mappings', mapping);
    await restoreEnd(story, story.unique(name));
  };

  const removalsOf = async (backup: string): Promise<DataMoverDelete[]> => {
    const found: DataMoverDelete[] = [];
    const labelSelector = `${labels.veleroBackupName}=${backup}`;
    for await (const one of story.kube.list(dataMoverDeletes, { namespace: story.namespace, labelSelector }))
      found.push(one);
    return found;
  };

  beforeAll(async () => {
    story = await openStory('secrets');
    app = { namespace: await story.makeNamespace('app'), name: 'app' };
    mapped = { namespace: await story.makeNamespace('mapped'), name: 'app' };
    const closed = await story.makeNamespace('closed');
    const authority = await story.kubectl([
      ...['get', 'configmap', 'kube-root-ca.crt', '--namespace', story.namespace],
      ...['--output', String.raw`jsonpath={.data.ca\.crt}`],
    ]);
    await keepSecret('password', { RESTIC_PASSWORD: canaries.password });
    await keepSecret('denied', {
      RESTIC_PASSWORD: canaries.password,
      AWS_ACCESS_KEY_ID: canaries['access key'],
      AWS_SECRET_ACCESS_KEY: canaries['secret key'],
      AWS_SESSION_TOKEN: canaries['session token'],
      RESTIC_CUSTOM_CA: `${canaries.certificate}\n${authority}`,
    });
    await makeArchive();
    const classes = {
      plain: await makeClass('plain', 'password'),
      archived: await makeClass('archived', 'password', { backupStorageLocation: { name: archive } }),
      denied: await makeClass('denied', 'denied'),
    };
    await story.apply(
      ...Object.entries(classes).map(([name, dataMoverClass]) =>
        claim({ namespace: app.namespace, name }, { annotations: askForClass(dataMoverClass) }),
      ),
      pod(app, story.cluster.images.busybox, {
        mounts: Object.fromEntries(CLAIMS.map((name) => [`/${name}`, name])),
      }),
    );
    await untilRunning(story, app);
    await story.exec(app, CLAIMS.map((name) => `echo content of ${name} > /${name}/file`).join('\n'));
    recordAll();

    await startBackup(story, story.unique('backup'), [app.namespace]);
    phase = await backupEnd(story, story.unique('backup'));
    backedUpAt = Date.now();
    requests = await movedBackups(story, story.unique('backup'));

    await restoreInto('restore', mapped.namespace);
    restored = await readBack();

    await keepSecret('password', { RESTIC_PASSWORD: canaries['wrong password'] });
    await restoreInto('refused', closed);
    refused = await movedRestores(story, story.unique('refused'));

    kept = [
      ...(await contentsIn('backups', 'backup')),
      ...(await contentsIn('restores', 'restore')),
      ...(await contentsIn('restores', 'refused')),
      await describeBackup(story, story.unique('backup')),
      await describeRestore(story, story.unique('refused')),
    ];

    await keepSecret('password', { RESTIC_PASSWORD: canaries.password });
    await story.cluster.velero(['backup', 'delete', story.unique('backup'), '--confirm']);
    await untilGone(story.kube, backups, { namespace: story.namespace, name: story.unique('backup') });
    for (const request of await removalsOf(story.unique('backup')))
      await until(story.kube, dataMoverDeletes, keyOf(request), {
        to: 'to be Completed',
        when: ({ status }) => status?.phase === 'Completed',
      });
    removals = await removalsOf(story.unique('backup'));
  });

  afterAll(async () => {
    for (const recording of recordings) recording.stop();
    await story.end();
  });

  /** Returns everything in one of Velero's folders: logs, results, and the archive of objects. */
  function contentsIn(folder: 'backups' | 'restores', name: string): Promise<string[]> {
    const { s3, config } = story.cluster;
    const files = globSync(join(config.paths.s3, s3.buckets.velero, folder, story.unique(name), '*'));
    return Promise.all(
      files.map(async (file) => {
        const content = await readFile(file);
        return (file.endsWith('.gz') ? gunzipSync(content) : content).toString();
      }),
    );
  }

  /** Reads the restored data from another pod, because the application cannot start again without the denied volume. */
  async function readBack(): Promise<Record<string, string>> {
    const names = CLAIMS.filter((name) => name !== 'denied');
    const reader = { namespace: mapped.namespace, name: 'reader' };
    await story.apply(
      pod(reader, story.cluster.images.busybox, {
        mounts: Object.fromEntries(names.map((name) => [`/${name}`, name])),
      }),
    );
    await untilRunning(story, reader);
    const read = names.map(async (name) => [
      name,
      (await story.exec(reader, `cat /${name}/file`)).toString(),
    ]);
    return Object.fromEntries(await Promise.all(read)) as Record<string, string>;
  }

  it('need a password and nothing else', () => {
    expect(resultOf('plain')).toMatchObject({ backupStorageLocation: 'default' });
    expect(requestOf('plain').status?.phase).toBe('Completed');
  });

  it('are created in the location of the class, with its credentials and certificate authority', () => {
    expect(resultOf('archived')).toMatchObject({ backupStorageLocation: archive });
    const { datamover } = story.cluster.s3.buckets;
    const repository = join(
      story.cluster.config.paths.s3,
      datamover,
      archive,
      'velero/restic/oadp.openshift.io',
    );
    const { repository: path = '' } = resultOf('archived') ?? {};
    expect(globSync(join(repository, path, 'config'))).toHaveLength(1);
  });

  it('leave the locations Available', async () => {
    await until(
      story.kube,
      backupStorageLocations,
      { namespace: story.namespace, name: archive },
      {
        to: 'to be validated after the backup',
        when: ({ status }) =>
          status?.phase === 'Available' && Date.parse(status.lastValidationTime ?? '') > backedUpAt,
      },
    );
    const own = await story.kube.get(backupStorageLocations, { namespace: story.namespace, name: 'default' });
    expect(own?.status?.phase).toBe('Available');
  });

  it('restore the data that they contain', () => {
    expect(restored).toEqual({ plain: 'content of plain\n', archived: 'content of archived\n' });
  });

  it('are denied to unknown access keys, and the message names the location and the Secret', () => {
    expect(phase).toBe('PartiallyFailed');
    const { reason, message } = requestOf('denied').status?.failure ?? {};
    expect(reason).toBe('PermissionDenied');
    expect(message).toContain(`BackupStorageLocation ${story.namespace}/default`);
    expect(message).toContain(story.unique('denied'));
  });

  it('are refused to a wrong password', () => {
    const failures = refused.map(({ status }) => status?.failure?.reason);
    expect(failures.filter((reason) => reason === 'WrongPassword')).toHaveLength(2);
  });

  it('contain no snapshot after the backup is deleted', () => {
    expect(removals.map(({ status }) => status?.phase)).toEqual(['Completed', 'Completed']);
    const { s3, config } = story.cluster;
    const { repository = '' } = resultOf('plain') ?? {};
    const folder = join(config.paths.s3, s3.buckets.velero, 'restic/oadp.openshift.io', repository);
    expect(globSync(join(folder, 'config'))).toHaveLength(1);
    expect(globSync(join(folder, 'snapshots/*'))).toEqual([]);
  });

  it('leave no copy of a secret behind', async () => {
    expect(await leftoversOf(story, [...requests, ...refused, ...removals])).toEqual([]);
  });

  describe('do not show a value of a secret', () => {
    const shown = (text: string): string[] => canariesIn(canaries, text);

    it('except in Secrets, which contain them', async () => {
      const found: Resource[] = [];
      for await (const one of story.kube.list(secrets, { namespace: story.namespace })) found.push(one);
      expect(shown(JSON.stringify(found)).sort()).toEqual(
        Object.keys(canaries)
          .filter((name) => name !== 'wrong password')
          .sort(),
      );
    });

    it.each(['controller', 'velero'])('in the log of the %s', async (program) => {
      const text =
        program === 'velero'
          ? await story.kubectl(['logs', 'deployment/velero', '--namespace', story.namespace, '--tail=-1'])
          : await readFile(join(story.cluster.logs, 'controller.log'), 'utf8');
      expect(text).toContain(requestOf('plain').metadata.name);
      expect(shown(text)).toEqual([]);
    });

    it('in any version of the requests and of the objects created for them', () => {
      const versions = recordings.flatMap((recording) => recording.versions);
      const kinds = new Set(versions.map(({ kind }) => kind));
      expect([...kinds].sort()).toEqual([
        'DataMoverBackup',
        'DataMoverRestore',
        'Job',
        'PersistentVolumeClaim',
        'Pod',
        'ReplicationDestination',
        'ReplicationSource',
      ]);
      expect(shown(JSON.stringify(versions))).toEqual([]);
    });

    it('in the removals and their answers', () => {
      expect(shown(JSON.stringify(removals))).toEqual([]);
    });

    it('in what Velero stores and prints about the backup and the restores, including logs', () => {
      const text = kept.join('\n');
      expect(text).toContain('PermissionDenied');
      expect(text).toContain('WrongPassword');
      expect(text).toContain(`"${requestOf('plain').metadata.name}"`);
      expect(shown(text)).toEqual([]);
    });

    it('in Events', async () => {
      const text = await story.kubectl([
        'get',
        'events.events.k8s.io',
        '--all-namespaces',
        '--output',
        'json',
      ]);
      expect(text).toContain(requestOf('denied').metadata.name);
      expect(shown(text)).toEqual([]);
    });

    it('on the page of metrics', async () => {
      const text = await (await fetch(`http://${story.cluster.controllerMetrics}/metrics`)).text();
      expect(text).toContain('datamover');
      expect(shown(text)).toEqual([]);
    });
  });
});

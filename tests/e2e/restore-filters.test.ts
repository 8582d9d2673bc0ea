import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, persistentVolumes } from '../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { claim, pod, untilBound, untilRunning, type Place } from './support/app.ts';
import { openStory, type Story } from './support/story.ts';
import { backUp, logOf, movedBackups, movedRestores, restoreEnd, startRestore } from './support/velero.ts';

const RECORDS = 'datamoverbackups.oadp.openshift.io';
const ONLY_CLAIMS = ['--include-resources', 'persistentvolumeclaims'];
const ONLY_DATA = ['--selector', 'role=db'];

/** The source namespace and the options of each restore; each restores into a namespace of its own. */
const RESTORES: Readonly<Record<string, { from: 'app' | 'lost'; into?: string; options?: string[] }>> = {
  everything: { from: 'app' },
  again: { from: 'app' },
  selected: { from: 'app', options: ONLY_DATA },
  'without-volumes': { from: 'app', options: [...ONLY_DATA, '--restore-volumes=false'] },
  'record-in-cluster': { from: 'app', options: [...ONLY_CLAIMS, '--selector', 'role=files'] },
  'no-record': { from: 'lost', options: ONLY_CLAIMS },
  'existing-none': { from: 'app', into: 'existing', options: ONLY_DATA },
  'existing-update': {
    from: 'app',
    into: 'existing',
    options: [...ONLY_DATA, '--existing-resource-policy=update'],
  },
  modified: { from: 'app', options: ONLY_DATA },
};
const NAMES = Object.keys(RESTORES);

const modifiers = (namespace: string): string => `version: v1
resourceModifierRules:
- conditions: { groupResource: persistentvolumeclaims, namespaces: [${namespace}], resourceNameRegex: '^data$' }
  patches:
  - { operation: replace, path: /spec/resources/requests/storage, value: 3Gi }
  - { operation: add, path: /metadata/labels/modified, value: 'yes' }
`;

/**
 * One backup of two namespaces, of which one has been lost since; restores of every kind, side by side. The name of the backup
 * has 200 characters. The name of a restore must be shorter, because Velero adds more to it than the object store of the cluster
 * accepts.
 */
describe('restores of one backup', () => {
  let story: Story;
  let app: Place;
  let backup: string;
  let oldClass: string;
  let newClass: string;
  const phases: Record<string, string> = {};

  const nameOf = (restore: string): string =>
    restore === 'again' ? story.unique(restore).padEnd(180, 'x') : story.unique(restore);
  const targetOf = (restore: string): string => story.unique(RESTORES[restore]!.into ?? restore);
  const claimIn = (restore: string, name: string): Promise<PersistentVolumeClaim | undefined> =>
    story.kube.get(persistentVolumeClaims, { namespace: targetOf(restore), name });

  const startApp = async (place: Place, mounts: Record<string, string>): Promise<void> => {
    await story.apply(pod(place, story.cluster.images.busybox, { mounts }));
    await untilRunning(story, place);
  };
  /** Returns the content of the file of a restored claim, read by a restored pod or by one of the test's own. */
  const read = async (restore: string, name: string, reader = `reader-of-${name}`): Promise<string> => {
    const place = { namespace: targetOf(restore), name: reader };
    if (reader === 'app') await untilRunning(story, place);
    else await startApp(place, { [`/${name}`]: name });
    return (await story.exec(place, `ls /${name}; cat /${name}/* 2>&1 || true`)).toString();
  };
  const ofRestore = async (restore: string): Promise<string[]> =>
    (await movedRestores(story, nameOf(restore))).map(
      ({ spec, status }) => `${spec.destinationClaimRef.name}: ${status?.phase ?? ''}`,
    );
  const said = async (restore: string, level: string): Promise<string[]> =>
    (await logOf(story, 'restore', nameOf(restore)))
      .filter((line) => line.level === level)
      .map(({ text }) => text);

  const makeStorageClass = async (name: string, volumeBindingMode: string): Promise<string> => {
    const metadata = { name: story.unique(name) };
    const { csiDriver: provisioner } = story.cluster;
    await story.make({
      ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata },
      ...{ provisioner, volumeBindingMode },
    });
    return metadata.name;
  };
  const makeConfigMap = async (name: string, data: object, own: object = {}): Promise<void> => {
    const metadata = { namespace: story.namespace, name: story.unique(name), labels: own };
    await story.make({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...{ data } });
  };

  const makeApps = async (): Promise<void> => {
    app = { namespace: await story.makeNamespace('app'), name: 'app' };
    const lost = { namespace: await story.makeNamespace('lost'), name: 'app' };
    const { namespace } = app;
    await story.apply(
      claim({ namespace, name: 'data' }, { labels: { role: 'db' } }),
      claim({ namespace, name: 'files' }, { labels: { role: 'files' }, storageClassName: oldClass }),
      claim({ namespace: lost.namespace, name: 'data' }),
    );
    await Promise.all([
      startApp(app, { '/data': 'data', '/files': 'files' }),
      startApp(lost, { '/data': 'data' }),
    ]);
    await Promise.all([
      story.exec(app, 'echo precious > /data/file; echo boring > /files/file'),
      story.exec(lost, 'echo gone > /data/file'),
    ]);
    await backUp(story, backup, namespace, lost.namespace);
    await story.loseNamespace(lost.namespace);
  };

  /** Creates a claim that must not be changed. */
  const makeExisting = async (): Promise<void> => {
    const existing = { namespace: story.unique('existing'), name: 'app' };
    await story.apply(
      claim({ ...existing, name: 'data' }, { labels: { role: 'db' }, annotations: { note: 'mine' } }),
    );
    await startApp(existing, { '/data': 'data' });
    await story.exec(existing, 'echo mine > /data/file');
  };

  const runRestore = async (restore: string): Promise<void> => {
    const { from, options = [] } = RESTORES[restore]!;
    const source = story.unique(from);
    const modify = restore === 'modified' ? ['--resource-modifier-configmap', story.unique('modifiers')] : [];
    const where = ['--include-namespaces', source, '--namespace-mappings', `${source}:${targetOf(restore)}`];
    await startRestore(story, nameOf(restore), backup, ...where, ...options, ...modify);
    phases[restore] = await restoreEnd(story, nameOf(restore));
  };

  beforeAll(async () => {
    story = await openStory('filters');
    backup = story.unique('backup').padEnd(200, 'x');
    oldClass = await makeStorageClass('old', 'Immediate');
    newClass = await makeStorageClass('new', 'WaitForFirstConsumer');
    for (const target of new Set(NAMES.map((name) => RESTORES[name]!.into ?? name))) {
      await story.makeNamespace(target);
    }
    await Promise.all([makeApps(), makeExisting()]);
    await makeConfigMap(
      'classes',
      { [oldClass]: newClass },
      { 'velero.io/plugin-config': '', 'velero.io/change-storage-class': 'RestoreItemAction' },
    );
    await makeConfigMap('modifiers', { 'modifiers.yaml': modifiers(app.namespace) });
    await Promise.all(NAMES.map(runRestore));
  });

  afterAll(() => story.end());

  it('end well, but for the one that cannot', () => {
    const expected = NAMES.map((name) => [name, name === 'no-record' ? 'PartiallyFailed' : 'Completed']);
    expect(phases).toEqual(Object.fromEntries(expected));
  });

  it.each(['everything', 'again'])(
    'into namespace "%s" bring every claim back, side by side',
    async (name) => {
      expect((await ofRestore(name)).sort()).toEqual(['data: Completed', 'files: Completed']);
      expect(await read(name, 'data', 'app')).toBe('file\nprecious\n');
      expect(await read(name, 'files', 'app')).toBe('file\nboring\n');
    },
  );

  it('apply the storage class mapping to a claim', async () => {
    const pvc = await untilBound(story, { namespace: targetOf('everything'), name: 'files' });
    const volume = await story.kube.get(persistentVolumes, { name: pvc.spec.volumeName! });
    expect([pvc.spec.storageClassName, volume?.spec.storageClassName]).toEqual([newClass, newClass]);
  });

  it('need no more than the claim of a label selector', async () => {
    expect(await ofRestore('selected')).toEqual(['data: Completed']);
    expect(await claimIn('selected', 'files')).toBeUndefined();
    expect(await read('selected', 'data')).toBe('file\nprecious\n');
  });

  it('find the record in the cluster if --include-resources excludes it', async () => {
    expect(await ofRestore('record-in-cluster')).toEqual(['files: Completed']);
    expect(await read('record-in-cluster', 'files')).toBe('file\nboring\n');
  });

  it('name the flag to add if the record is not found, and create no claim without its data', async () => {
    expect(await said('no-record', 'error')).toContainEqual(
      expect.stringContaining(`add ${RECORDS} to --include-resources, then restore again`),
    );
    expect(await claimIn('no-record', 'data')).toBeUndefined();
    expect(await ofRestore('no-record')).toEqual([]);
  });

  it('create empty claims with --restore-volumes=false', async () => {
    expect(await ofRestore('without-volumes')).toEqual([]);
    expect((await claimIn('without-volumes', 'data'))?.spec.selector).toBeUndefined();
    expect(await read('without-volumes', 'data')).not.toContain('precious');
  });

  it.each(['existing-none', 'existing-update'])('leave a claim that exists as it is: %s', async (name) => {
    expect(await ofRestore(name)).toEqual([]);
    expect(await said(name, 'warning')).toContainEqual(
      expect.stringMatching(/data already exists: .* delete it .* restore again/),
    );
    const { metadata, spec } = (await claimIn(name, 'data'))!;
    expect(metadata.annotations).toMatchObject({ note: 'mine' });
    expect(metadata.annotations).not.toHaveProperty([annotations.movedBy]);
    expect(metadata.labels).not.toHaveProperty([labels.restoredBy]);
    expect(spec.selector).toBeUndefined();
    expect(await read(name, 'data', 'app')).toBe('file\nmine\n');
  });

  it('apply resource modifiers to the claim, and restore its data', async () => {
    const pvc = await untilBound(story, { namespace: targetOf('modified'), name: 'data' });
    expect(pvc.metadata.labels).toMatchObject({ modified: 'yes' });
    const volume = await story.kube.get(persistentVolumes, { name: pvc.spec.volumeName! });
    expect([pvc.spec.resources?.requests?.['storage'], volume?.spec.capacity?.['storage']]).toEqual([
      '3Gi',
      '3Gi',
    ]);
    expect(await read('modified', 'data')).toBe('file\nprecious\n');
  });

  it('identify the backup by its full name of 200 characters', async () => {
    expect(backup).toHaveLength(200);
    const requests = await movedBackups(story, backup);
    expect(requests.map(({ metadata }) => metadata.annotations?.[annotations.veleroBackup])).toEqual([
      backup,
      backup,
    ]);
  });
});

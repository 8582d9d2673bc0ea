import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, persistentVolumes } from '../../api/kubernetes/core.ts';
import { claim, pod, untilBound, untilRunning, type ClaimOptions } from './support/app.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import { backupEnd, logOf, movedBackups, startBackup, type LogLine } from './support/velero.ts';
import { until } from './support/wait.ts';

/** A claim, and what the log of the backup contains about it. */
interface Case {
  is?: ClaimOptions;
  /** The class that its annotation names. */
  asksFor?: string;
  level?: string;
  says?: RegExp;
  /** The class, and what selected it, if the claim is moved. */
  moved?: { dataMoverClass: RegExp; chosenBy: string; volumePolicy?: RegExp };
}
type Cases = Readonly<Record<string, Case>>;

const DEFAULT = { dataMoverClass: /^volsync$/, chosenBy: 'default' };

/** With `--default-volumes-to-fs-backup`; a pod mounts the first two, and opts the second out of the file-system backup. */
const BY_CLAIM: Cases = {
  'by-file-system': { level: 'info', says: /file-system backup saves the data of .* through pod app/ },
  'not-by-file-system': { moved: DEFAULT },
  selected: {
    is: { labels: { tier: 'gold' } },
    moved: { dataMoverClass: /-gold-/, chosenBy: 'selector' },
  },
  annotated: {
    is: { labels: { tier: 'gold' } },
    asksFor: 'named',
    moved: { dataMoverClass: /-named-/, chosenBy: 'annotation' },
  },
  'out-by-label': {
    is: { labels: { 'oadp.openshift.io/data-mover': 'false' } },
    level: 'info',
    says: /carries oadp.openshift.io\/data-mover: "false"/,
  },
  'out-by-annotation': {
    is: { annotations: { 'oadp.openshift.io/data-mover': 'false' } },
    level: 'info',
    says: /carries oadp.openshift.io\/data-mover: "false"/,
  },
  ambiguous: {
    is: { labels: { tier: 'both' } },
    level: 'error',
    says: /ambiguous is selected by 2 DataMoverClasses \(\S+-bronze-\w+, \S+-silver-\w+\)/,
  },
  unknown: {
    asksFor: 'nowhere',
    level: 'error',
    says: /names DataMoverClass \S+-nowhere-\w+, which does not exist/,
  },
  unbound: {
    is: { storageClassName: 'csi-test-wffc' },
    level: 'warning',
    says: /is Pending, there is no data to move/,
  },
  block: {
    is: { storageClassName: '', volumeMode: 'Block' },
    level: 'warning',
    says: /its volumeMode is Block, which mover VolSync cannot move/,
  },
  lost: { is: { storageClassName: '' }, level: 'warning', says: /is Lost, there is no data to move/ },
};

/** With `--snapshot-volumes=false` and these policies; a pod mounts the first two. */
const BY_POLICY: Cases = {
  files: {
    is: { labels: { tier: 'files' } },
    level: 'info',
    says: /\[3\] in .* has action fs-backup: Velero/,
  },
  // No policy matches it: its pod selects a file-system backup by annotation.
  'by-annotation': { level: 'info', says: /file-system backup saves the data of .* through pod app/ },
  unmounted: {
    is: { labels: { tier: 'files' } },
    level: 'warning',
    says: /\[3\] in .* has action fs-backup, but no running pod of this backup mounts .* its data is not saved/,
  },
  unbound: {
    is: { storageClassName: 'csi-test-wffc', labels: { tier: 'files' } },
    level: 'info',
    says: /volumePolicies\[0\] in ConfigMap velero\/\S+ has action skip/,
  },
  scratch: {
    is: { labels: { tier: 'scratch' }, size: '2Gi' },
    level: 'info',
    says: /\[1\] in .* has action skip/,
  },
  large: {
    is: { size: '2Gi' },
    moved: { ...DEFAULT, volumePolicy: /^volumePolicies\[2\] in ConfigMap/ },
  },
  ours: {
    is: { labels: { tier: 'ours' } },
    moved: { dataMoverClass: /-named-/, chosenBy: 'policy', volumePolicy: /^volumePolicies\[4\]/ },
  },
  theirs: {
    is: { labels: { tier: 'theirs' } },
    level: 'info',
    says: /\[5\] in .* has action custom without the parameter datamover: .* belongs to another plugin/,
  },
  unmatched: { level: 'info', says: /spec.snapshotVolumes of the Backup is false/ },
};

const policies = (className: string): string => `version: v1
volumePolicies:
- conditions: { pvcPhase: [Pending, Lost] }
  action: { type: skip }
- conditions: { pvcLabels: { tier: scratch } }
  action: { type: skip }
- conditions: { capacity: '2Gi,', csi: { driver: csi-test.datamover.local }, volumeTypes: [csi] }
  action: { type: snapshot }
- conditions: { storageClass: [csi-test], pvcLabels: { tier: files } }
  action: { type: fs-backup }
- conditions: { pvcLabels: { tier: ours } }
  action: { type: custom, parameters: { datamover: oadp.openshift.io, dataMoverClass: ${className} } }
- conditions: { pvcLabels: { tier: theirs } }
  action: { type: custom, parameters: { datamover: another } }
- conditions: { nfs: {} }
  action: { type: snapshot }
`;

/** Three ways to select volumes, with a backup for each. Velero's node-agent does not run, so its file-system backups fail. */
describe('what of a backup is moved', () => {
  let story: Story;
  const logs: Record<string, LogLine[]> = {};
  const phases: Record<string, string> = {};

  /** Creates a namespace with the claims, some of them in a pod. */
  const prepare = async (name: string, cases: Cases, annotations: Record<string, string>): Promise<void> => {
    const namespace = await story.makeNamespace(name);
    const app = { namespace, name: 'app' };
    const mounts = Object.fromEntries(
      Object.keys(cases)
        .slice(0, 2)
        .map((one) => [`/${one}`, one]),
    );
    await story.apply(
      ...Object.entries(cases).map(([one, { is = {}, asksFor }]) =>
        claim(
          { namespace, name: one },
          {
            ...is,
            labels: { ...is.labels, story: story.unique('story') },
            annotations: { ...is.annotations, ...(asksFor && askForClass(story.unique(asksFor))) },
          },
        ),
      ),
      pod(app, story.cluster.images.busybox, { mounts, annotations }),
    );
    const bound = Object.entries(cases).filter(([, { is }]) => is?.storageClassName === undefined);
    await Promise.all([
      untilRunning(story, app),
      ...bound.map(([one]) => untilBound(story, { namespace, name: one })),
    ]);
  };

  /** Binds a claim to a volume that no driver provides. Returns the name of the volume. */
  const bind = async (key: { namespace: string; name: string }, volumeMode: string): Promise<string> => {
    const volume = story.unique(key.name);
    await story.make({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volume },
      ...{
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1Gi' },
          volumeMode,
          claimRef: key,
          hostPath: { path: '/nowhere' },
        },
      },
    });
    await untilBound(story, key);
    return volume;
  };

  /** Binds the claim to a volume that is then deleted. */
  const lose = async (key: { namespace: string; name: string }): Promise<void> => {
    const name = await bind(key, 'Filesystem');
    await story.kube.delete(persistentVolumes, { name });
    await story.kube.mergePatch(persistentVolumes, { name }, { metadata: { finalizers: null } });
    await until(story.kube, persistentVolumeClaims, key, {
      to: 'to be lost',
      when: ({ status }) => status?.phase === 'Lost',
    });
  };

  const backUp = async (name: string, ...options: string[]): Promise<void> => {
    await startBackup(story, story.unique(name), [story.unique(name)], ...options);
    phases[name] = await backupEnd(story, story.unique(name));
    logs[name] = await logOf(story, 'backup', story.unique(name));
  };

  beforeAll(async () => {
    story = await openStory('moved');
    const ours = `story=${story.unique('story')}`;
    await story.makeClass('gold', { selector: `tier=gold,${ours}` });
    await story.makeClass('silver', { selector: `tier in (silver,both),${ours}` });
    await story.makeClass('bronze', { selector: `tier=both,${ours}` });
    const named = await story.makeClass('named');
    await story.make({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: story.namespace, name: story.unique('policies') },
      ...{ data: { 'policies.yaml': policies(named) } },
    });
    await Promise.all([
      prepare('claims', BY_CLAIM, { 'backup.velero.io/backup-volumes-excludes': 'v1' }),
      prepare('policies', BY_POLICY, { 'backup.velero.io/backup-volumes': 'v1' }),
      prepare('nothing', { first: {}, second: {} }, {}),
    ]);
    const namespace = story.unique('claims');
    await lose({ namespace, name: 'lost' });
    await bind({ namespace, name: 'block' }, 'Block');
    await Promise.all([
      backUp('claims', '--default-volumes-to-fs-backup'),
      backUp(
        'policies',
        '--snapshot-volumes=false',
        '--resource-policies-configmap',
        story.unique('policies'),
      ),
      backUp('nothing', '--annotations', 'oadp.openshift.io/data-mover=false'),
    ]);
  });

  afterAll(() => story.end());

  /** Returns the log lines about a claim. */
  const about = (backup: string, name: string): LogLine[] =>
    logs[backup]!.filter((line) => line.name === name);
  const casesOf = (cases: Cases, moved: boolean): [string, Case][] =>
    Object.entries(cases).filter(([, one]) => (one.moved !== undefined) === moved);

  describe.each([
    ['claims', BY_CLAIM],
    ['policies', BY_POLICY],
  ] as const)('by %s', (backup, cases) => {
    it.each(casesOf(cases, true))('is the data of "%s"', async (name, { moved }) => {
      const lines = about(backup, name).filter(({ text }) => text === 'the data mover backs up the data');
      expect(lines).toHaveLength(1);
      const { dataMoverClass, chosenBy, volumePolicy = '' } = lines[0]!;
      expect(dataMoverClass).toMatch(moved!.dataMoverClass);
      expect(chosenBy).toBe(moved!.chosenBy);
      expect(volumePolicy).toMatch(moved!.volumePolicy ?? /^$/);
    });

    it.each(casesOf(cases, false))(
      'is not the data of "%s", and the log contains the reason',
      (name, { level, says }) => {
        const reasons = about(backup, name).filter((line) => says!.test(line.text));
        expect(reasons.map((line) => line.level)).toEqual([level]);
      },
    );

    it('is nothing else', async () => {
      const requests = await movedBackups(story, story.unique(backup));
      const moved = casesOf(cases, true).map(([name]) => name);
      expect(requests.map(({ status }) => status?.volume?.pvcName).sort()).toEqual(moved.sort());
      expect(requests.map(({ status }) => status?.phase)).toEqual(moved.map(() => 'Completed'));
    });
  });

  it('is nothing if the backup opts out', async () => {
    expect(await movedBackups(story, story.unique('nothing'))).toEqual([]);
    for (const name of ['first', 'second']) {
      const reasons = about('nothing', name).map(({ text }) => text);
      expect(reasons).toContainEqual(
        expect.stringMatching(/oadp.openshift.io\/data-mover of the Backup is "false"/),
      );
    }
    expect(phases['nothing']).toBe('Completed');
  });

  it('leaves the backups PartiallyFailed for what could not be decided or saved, and for nothing else', () => {
    const errors = (backup: string): string[] =>
      logs[backup]!.filter(({ level }) => level === 'error').map(({ text }) => text);
    expect(phases).toMatchObject({ claims: 'PartiallyFailed', policies: 'PartiallyFailed' });
    const nodeAgent = expect.stringMatching(/daemonset pod not found in running state/);
    expect(errors('claims').filter((text) => !text.includes('DataMoverClass'))).toEqual([nodeAgent]);
    expect(errors('policies')).toEqual([nodeAgent]);
  });
});

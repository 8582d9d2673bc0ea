import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { decideBackup } from '../../plugin/backup/decision.ts';
import { aBackup, aClaim, aClass, aPod, aVolume } from '../fakes/velero-objects.ts';
import { parsePolicies } from '../../plugin/policies/parse-policies.ts';
import { policyVolumeOf } from '../../plugin/policies/policy-volume.ts';
import { matchPolicy } from '../../plugin/policies/volume-policy.ts';
import { startVeleroHost, type VeleroHost } from './velero-host.ts';

/** Volumes that differ in everything that a condition can match. `none`: the claim is not bound. */
const VOLUMES: Readonly<Record<string, PersistentVolume['spec'] | undefined>> = {
  none: undefined,
  plain: { capacity: { storage: '10Gi' } },
  ebs: {
    capacity: { storage: '10Gi' },
    storageClassName: 'gp2',
    csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'v' },
  },
  efs: {
    capacity: { storage: '1Ti' },
    storageClassName: 'gp3',
    csi: { driver: 'efs.csi.aws.com', volumeHandle: 'v', volumeAttributes: { protocol: 'nfs', empty: '' } },
  },
  nfs: { capacity: { storage: '500M' }, storageClassName: 'nfs', nfs: { server: 'filer', path: '/a' } },
  hostPath: { capacity: { storage: '10737418241' }, hostPath: { path: '/x' } },
  storageos: { capacity: { storage: '1.5Gi' }, storageClassName: 'gp2', storageos: { volumeName: 'v' } },
};

/** Claims, by what conditions match. */
const CLAIMS: Readonly<Record<string, (claim: PersistentVolumeClaim) => PersistentVolumeClaim>> = {
  bare: (claim) => claim,
  gold: (claim) => ({
    ...claim,
    metadata: { ...claim.metadata, labels: { tier: 'gold', level: '1' } },
    spec: { ...claim.spec, volumeMode: 'Filesystem', accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] },
  }),
  block: (claim) => ({
    ...claim,
    metadata: { ...claim.metadata, labels: { tier: 'silver' } },
    spec: { ...claim.spec, volumeMode: 'Block', accessModes: ['ReadWriteOnce'] },
  }),
};

const CAPACITIES = [
  ...['', ',', '10Gi,20Gi', '1Gi,10Gi', '11Gi,20Gi', '10Gi,10Gi', '10Gi,', ',10Gi', '0,10Gi', '10Gi,0'],
  ...[
    ' 10Gi , 1Ti ',
    '10737418241,',
    ',10737418240',
    '10.5Gi,',
    '1e10,',
    '500M,',
    ',500000k',
    '0.1,',
    '1,1Ei',
  ],
];

/** Conditions as they are written in a file, each alone; if several are combined, all must match. */
const CONDITIONS = [
  ...CAPACITIES.map((text) => `{ capacity: '${text}' }`),
  '{}',
  '{ storageClass: [] }',
  '{ storageClass: [gp2, gp3] }',
  '{ storageClass: [nfs] }',
  "{ storageClass: [''] }",
  '{ storageClass: null }',
  '{ nfs: {} }',
  '{ nfs: null }',
  '{ nfs: { server: filer } }',
  '{ nfs: { server: other } }',
  '{ nfs: { path: /a } }',
  '{ nfs: { path: /b } }',
  '{ nfs: { server: filer, path: /a } }',
  '{ nfs: { server: filer, path: /b } }',
  "{ nfs: { server: '' } }",
  '{ csi: {} }',
  '{ csi: null }',
  '{ csi: { driver: ebs.csi.aws.com } }',
  '{ csi: { driver: efs.csi.aws.com, volumeAttributes: {} } }',
  '{ csi: { driver: efs.csi.aws.com, volumeAttributes: { protocol: nfs } } }',
  '{ csi: { driver: efs.csi.aws.com, volumeAttributes: { protocol: smb } } }',
  "{ csi: { driver: efs.csi.aws.com, volumeAttributes: { protocol: nfs, missing: '' } } }",
  "{ csi: { driver: ebs.csi.aws.com, volumeAttributes: { missing: '' } } }",
  '{ volumeTypes: [csi, nfs] }',
  '{ volumeTypes: [hostPath] }',
  '{ volumeTypes: [storageOS] }',
  '{ volumeTypes: [nothing] }',
  "{ volumeTypes: [''] }",
  '{ pvcLabels: {} }',
  '{ pvcLabels: { tier: gold } }',
  '{ pvcLabels: { tier: gold, level: 1 } }',
  '{ pvcLabels: { tier: gold, other: x } }',
  "{ pvcLabels: { missing: '' } }",
  '{ pvcPhase: [Bound] }',
  '{ pvcPhase: [Pending, Lost] }',
  '{ pvcPhase: [] }',
  "{ pvcPhase: [''] }",
  '{ pvcVolumeMode: Filesystem }',
  '{ pvcVolumeMode: Block }',
  "{ pvcVolumeMode: '' }",
  '{ pvcAccessModes: [ReadWriteOnce] }',
  '{ pvcAccessModes: [ReadOnlyMany, ReadWriteOnce] }',
  '{ pvcAccessModes: [ReadWriteOnce, ReadWriteOnce] }',
  '{ pvcAccessModes: [] }',
  '{ capacity: "1Gi,", storageClass: [gp2], csi: {}, pvcLabels: { tier: gold } }',
  '{ capacity: "1Gi,", storageClass: [gp2], csi: {}, pvcLabels: { tier: silver } }',
];

/** Velero rejects the backup with these, so the plugin is never called. */
const REFUSED = [
  '{ capacity: 10Gi }',
  "{ capacity: '20Gi,10Gi' }",
  "{ capacity: 'ten,' }",
  '{ storageClass: gp2 }',
  '{ csi: { volumeAttributes: { protocol: nfs } } }',
  '{ csi: { name: x } }',
  '{ pvcLabels: [gold] }',
  '{ pvcAccessModes: [1] }',
  '{ later: x }',
];

const skipping = (conditions: string): string =>
  `version: v1\nvolumePolicies:\n- conditions: ${conditions}\n  action: { type: skip }\n`;

/** Velero's own code and ours evaluate the same claim, volume, pods, backup and file. */
describe('volume policies', () => {
  let host: VeleroHost;

  beforeAll(async () => {
    host = await startVeleroHost({ flags: ['--log-level=panic'] });
  });
  afterAll(() => host.close());

  interface Question {
    policies: string;
    claim: PersistentVolumeClaim;
    volume: PersistentVolume | undefined;
    pods?: Pod[];
    backup?: Backup['spec'];
  }

  /** Returns true if Velero would take a snapshot, or the text of its error if it does not decide. */
  const askVelero = async ({ claim, backup = {}, ...facts }: Question): Promise<boolean | string> => {
    const owner = aBackup({ ...backup, resourcePolicy: { kind: 'configmap', name: 'policies' } });
    const call = { op: 'takesSnapshot', owner, item: JSON.stringify(claim), facts };
    return host.call(call).then(({ result }) => result as boolean, String);
  };

  const volumeNamed = (name: string): PersistentVolume | undefined => {
    const spec = VOLUMES[name];
    const volume = aVolume();
    return spec && { ...volume, spec: { ...volume.spec, ...spec } };
  };
  const claimNamed = (name: string, volume: PersistentVolume | undefined): PersistentVolumeClaim => {
    const claim = CLAIMS[name]!(aClaim());
    if (volume !== undefined) return claim;
    const { volumeName: _, ...spec } = claim.spec;
    return { ...claim, spec, status: { phase: 'Pending' } };
  };
  const everyPair = Object.keys(VOLUMES).flatMap((volume) =>
    Object.keys(CLAIMS).map((claim) => ({ volume, claim })),
  );

  /** Velero returns `false` if the policy matches; if not, it returns `true`, or an error if there is no volume. */
  const matchesInVelero = async (question: Question): Promise<boolean> => {
    const said = await askVelero(question);
    if (typeof said === 'string' && !said.includes('has no volume backing this claim')) throw new Error(said);
    return said === false;
  };

  it.each(CONDITIONS)('with %s match the same volumes as in Velero', async (conditions) => {
    const policies = skipping(conditions);
    const answers = await Promise.all(
      everyPair.map(async (names) => {
        const volume = volumeNamed(names.volume);
        const claim = claimNamed(names.claim, volume);
        const velero = await matchesInVelero({ policies, claim, volume });
        const ours =
          matchPolicy(parsePolicies(policies, 'x').volumes, policyVolumeOf(claim, volume)) !== undefined;
        return { ...names, velero, ours };
      }),
    );
    expect(answers.filter(({ velero, ours }) => velero !== ours)).toEqual([]);
  });

  it.each(REFUSED)('with %s never reach us', async (conditions) => {
    const question = { policies: skipping(conditions), claim: aClaim(), volume: volumeNamed('ebs') };
    expect(await askVelero(question)).toMatch(/ResourcePolicies/);
  });

  it.each([
    '---\n' + skipping('{}'),
    skipping('{}') + '---\nversion: v2\n',
    skipping('{}') + '...\n',
    '# only a comment\n' + skipping('{}'),
    'version: v1\n',
    'version: v1\nvolumePolicies:\n- action: { type: skip }\n',
    'version: v1\nincludeExcludePolicy: { excludedNamespaceScopedResources: [pods] }\nvolumePolicies: []\n',
  ])('are read from %j as Velero reads them', async (policies) => {
    const volume = volumeNamed('ebs');
    const velero = await matchesInVelero({ policies, claim: aClaim(), volume });
    const ours = matchPolicy(parsePolicies(policies, 'x').volumes, policyVolumeOf(aClaim(), volume));
    expect(ours !== undefined).toBe(velero);
  });

  const action = fc.constantFrom(
    { type: 'skip' },
    { type: 'fs-backup' },
    { type: 'snapshot' },
    { type: 'custom', parameters: { datamover: 'another' } },
  );
  const policy = fc.record({ conditions: fc.constantFrom(...CONDITIONS), action });
  const pod = fc
    .constantFrom(
      {},
      { 'backup.velero.io/backup-volumes': 'data' },
      { 'backup.velero.io/backup-volumes': 'other,data' },
      { 'backup.velero.io/backup-volumes': 'other' },
      { 'backup.velero.io/backup-volumes-excludes': 'data' },
      { 'backup.velero.io/backup-volumes-excludes': 'other' },
    )
    .map((annotations) => aPod('p', ['data'], { annotations }));
  const question = fc.record({
    policies: fc.array(policy, { maxLength: 3 }).map(fileOf),
    volume: fc.constantFrom(...Object.keys(VOLUMES).filter((name) => name !== 'none')),
    claim: fc.constantFrom(...Object.keys(CLAIMS)),
    pods: fc.array(pod, { maxLength: 2 }),
    backup: fc.record(
      { snapshotVolumes: fc.boolean(), defaultVolumesToFsBackup: fc.boolean() },
      { requiredKeys: [] },
    ),
  });

  it('move a volume exactly if Velero would take a snapshot of it, in any combination of settings', async () => {
    await fc.assert(
      fc.asyncProperty(question, async ({ policies, pods, backup, ...names }) => {
        const volume = volumeNamed(names.volume);
        const claim = claimNamed(names.claim, volume);
        const velero = await askVelero({ policies, claim, volume, pods, backup });
        const ours = decideBackup(aBackup(backup), claim, {
          classes: [aClass('standard', { default: true })],
          policies: parsePolicies(policies, 'x').volumes,
          volume,
          pods,
        });
        expect(ours.outcome === 'move').toBe(velero);
      }),
      { numRuns: 500 },
    );
  });
});

function fileOf(list: readonly { conditions: string; action: object }[]): string {
  const policies = list.map(
    ({ conditions, action }) => `- conditions: ${conditions}\n  action: ${JSON.stringify(action)}\n`,
  );
  return `version: v1\nvolumePolicies:\n${policies.join('')}`;
}

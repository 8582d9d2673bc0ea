import { describe, expect, it } from '@jest/globals';
import type { PersistentVolume } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { parsePolicies } from '../policies/parse-policies.ts';
import { decideBackup, isFinalizing, type DecisionFacts } from './decision.ts';
import { aBackup, aClaim, aClass, aPod, aVolume } from '../../tests/fakes/velero-objects.ts';

const standard = aClass('standard', { default: true });
const fast = aClass('fast', { selector: 'tier=fast' });

function facts(changes: Partial<DecisionFacts> = {}): DecisionFacts {
  return { classes: [standard, fast], policies: [], volume: undefined, pods: [], ...changes };
}

/** The policies of a ConfigMap with these lines below `volumePolicies`. */
function policies(...lines: string[]) {
  return parsePolicies(
    `version: v1\nvolumePolicies:\n${lines.map((line) => `  ${line}\n`).join('')}`,
    'ConfigMap velero/p',
  ).volumes;
}

describe('the data of a claim', () => {
  it.each([
    ['default', aClaim(), 'standard', 'default'],
    ['selector', aClaim('data', { labels: { tier: 'fast' } }), 'fast', 'selector'],
    [
      'annotation',
      aClaim('data', { annotations: { [annotations.className]: 'fast' } }),
      'fast',
      'annotation',
    ],
  ])('is moved by the class from the %s', (_, pvc, className, by) => {
    expect(decideBackup(aBackup(), pvc, facts())).toEqual({ outcome: 'move', className, by });
  });

  it('is moved by the default class of its installation rather than by a newer shared one', () => {
    const own: DataMoverClass = { ...standard, spec: { ...standard.spec, installation: 'velero' } };
    const shared = aClass('shared', { default: true });
    shared.metadata.creationTimestamp = '2999-01-01T00:00:00Z';
    expect(decideBackup(aBackup(), aClaim(), facts({ classes: [shared, own] }))).toMatchObject({
      className: 'standard',
      by: 'default',
    });
  });

  it('is moved if snapshotVolumes is true', () => {
    expect(decideBackup(aBackup({ snapshotVolumes: true }), aClaim(), facts()).outcome).toBe('move');
  });

  it('stays when the backup takes no snapshots', () => {
    expect(decideBackup(aBackup({ snapshotVolumes: false }), aClaim(), facts())).toEqual({
      outcome: 'leave',
      level: 'info',
      message:
        'spec.snapshotVolumes of the Backup is false: the data of PersistentVolumeClaim app/data is not moved',
    });
  });

  it.each([
    ["Velero's label", aClaim('data', { labels: { [labels.veleroExclude]: 'true' } })],
    ['our label', aClaim('data', { labels: { 'oadp.openshift.io/data-mover': 'false' } })],
    ['our annotation', aClaim('data', { annotations: { 'oadp.openshift.io/data-mover': 'false' } })],
  ])('stays when the claim opts out by %s', (_, pvc) => {
    expect(decideBackup(aBackup(), pvc, facts())).toMatchObject({
      outcome: 'leave',
      level: 'info',
      message: expect.stringContaining('PersistentVolumeClaim app/data carries'),
    });
  });

  it('is moved if the opt-out has any value but false', () => {
    const pvc = aClaim('data', { annotations: { [annotations.dataMover]: 'true' } });
    expect(decideBackup(aBackup(), pvc, facts()).outcome).toBe('move');
  });

  it('stays when the backup opts out', () => {
    const backup: Backup = aBackup();
    backup.metadata.annotations = { [annotations.dataMover]: 'false' };
    expect(decideBackup(backup, aClaim(), facts())).toMatchObject({
      outcome: 'leave',
      level: 'info',
      message: expect.stringContaining('oadp.openshift.io/data-mover of the Backup is "false"'),
    });
  });

  it("stays when Velero's own data mover has it", () => {
    const moved = facts({ veleroWork: { dataUpload: 'velero/du-1' } });
    expect(decideBackup(aBackup({ snapshotMoveData: true }), aClaim(), moved)).toMatchObject({
      outcome: 'leave',
      message: expect.stringContaining('DataUpload velero/du-1'),
    });
  });

  it.each(['Pending', 'Lost', undefined] as const)('stays, with a warning, when the claim is %p', (phase) => {
    const pvc = { ...aClaim(), status: phase === undefined ? {} : { phase } };
    const decision = decideBackup(aBackup(), pvc, facts());
    expect(decision).toMatchObject({ outcome: 'leave', level: 'warn' });
    expect(decision).toMatchObject({ message: expect.stringContaining('PersistentVolumeClaim app/data is') });
  });

  it('stays, with a warning, if no class selects it', () => {
    expect(decideBackup(aBackup(), aClaim(), facts({ classes: [fast] }))).toMatchObject({
      outcome: 'leave',
      level: 'warn',
      message: expect.stringContaining('no DataMoverClass selects PersistentVolumeClaim app/data'),
    });
  });

  it('fails to be moved when the wish cannot be met', () => {
    const pvc = aClaim('data', { annotations: { [annotations.className]: 'gone' } });
    expect(decideBackup(aBackup(), pvc, facts())).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining('DataMoverClass gone'),
    });
  });
});

describe('a claim that its class does not take', () => {
  const files: DataMoverClass['status'] = {
    capabilities: { volumeModes: ['Filesystem'], accessModes: ['ReadWriteOnce'] },
  };
  const able: DataMoverClass[] = [standard, fast].map((one) => ({ ...one, status: files }));
  const raw = (meta: Parameters<typeof aClaim>[1] = {}) => {
    const pvc = aClaim('raw', meta);
    return { ...pvc, spec: { ...pvc.spec, volumeMode: 'Block' as const } };
  };
  const byName = { annotations: { [annotations.className]: 'fast' } };

  it.each([
    ['default', raw(), 'standard: its volumeMode is Block, which mover VolSync cannot move'],
    ['selector', raw({ labels: { tier: 'fast' } }), 'fast: its volumeMode is Block'],
  ])('is left to Velero, with a warning, if the class comes from the %s', (_, pvc, why) => {
    const decision = decideBackup(aBackup(), pvc, facts({ classes: able }));
    expect(decision).toMatchObject({ outcome: 'leave', level: 'warn' });
    expect(decision).toMatchObject({
      message: expect.stringContaining('no DataMoverClass takes PersistentVolumeClaim app/raw: '),
    });
    expect(decision).toMatchObject({ message: expect.stringContaining(why) });
  });

  it('fails if its annotation names the class, before any object is created', () => {
    expect(decideBackup(aBackup(), raw(byName), facts({ classes: able }))).toEqual({
      outcome: 'fail',
      message:
        'the annotation oadp.openshift.io/data-mover-class of PersistentVolumeClaim app/raw names its class, and DataMoverClass fast does not take it: its volumeMode is Block, which mover VolSync cannot move; name a class that does, or none',
    });
  });

  it('fails if a volume policy names the class', () => {
    const custom = policies(
      '- conditions: {}',
      '  action: {type: custom, parameters: {datamover: oadp.openshift.io, dataMoverClass: fast}}',
    );
    const decision = decideBackup(aBackup(), raw(), facts({ classes: able, policies: custom }));
    expect(decision).toEqual({
      outcome: 'fail',
      message:
        'volumePolicies[0] in ConfigMap velero/p names "fast" as dataMoverClass of PersistentVolumeClaim app/raw, and DataMoverClass fast does not take it: its volumeMode is Block, which mover VolSync cannot move; name a class that does, or none',
    });
  });

  it('is moved if the capabilities of the mover are unknown', () => {
    expect(decideBackup(aBackup(), raw(), facts())).toMatchObject({ className: 'standard', by: 'default' });
  });

  it('is judged by its volume if the class selects by driver or size', () => {
    const [one] = able;
    const choosy = { ...one!, spec: { ...one!.spec, volumes: { drivers: ['a'], maxSize: '1Gi' } } };
    const decide = (driver: string, storage: string) => {
      const volume: PersistentVolume = aVolume();
      volume.spec = { ...volume.spec, capacity: { storage }, csi: { driver, volumeHandle: 'x' } };
      return decideBackup(aBackup(), aClaim(), facts({ classes: [choosy], volume }));
    };
    expect(decide('a', '1Gi').outcome).toBe('move');
    expect(decide('b', '1Gi')).toMatchObject({ message: expect.stringContaining('its CSI driver is b') });
    expect(decide('a', '2Gi')).toMatchObject({ message: expect.stringContaining('2147483648 bytes') });
  });
});

describe('file-system backup', () => {
  const take = aBackup({ defaultVolumesToFsBackup: true });
  const optIn = { annotations: { 'backup.velero.io/backup-volumes': 'other,data' } };
  const optOut = { annotations: { 'backup.velero.io/backup-volumes-excludes': 'other,data' } };
  const stopped = { ...aPod('p', ['data'], optIn), status: { phase: 'Pending' as const } };

  it.each([
    ['takes every volume', take, aPod('p', ['data'])],
    ['is asked for by the pod', aBackup(), aPod('p', ['data'], optIn)],
  ])('that %s covers the claim', (_, backup, pod) => {
    expect(decideBackup(backup, aClaim(), facts({ pods: [pod] }))).toMatchObject({
      outcome: 'leave',
      level: 'info',
      message: expect.stringContaining('through pod p'),
    });
  });

  it.each([
    ['no pod mounts', take, aPod('p', ['log'])],
    ['its pod leaves out', take, aPod('p', ['data'], optOut)],
    ['its pod does not name', aBackup(), aPod('p', ['data'])],
    ['its pod names without running', aBackup(), stopped],
    [
      'only a pod outside the backup mounts',
      aBackup({ defaultVolumesToFsBackup: true, excludedResources: ['pods'] }),
      aPod('p', ['data']),
    ],
  ])('does not keep a claim that %s from being moved', (_, backup, pod) => {
    expect(decideBackup(backup, aClaim(), facts({ pods: [pod] })).outcome).toBe('move');
  });
});

describe('a volume policy', () => {
  const all = (action: string) => policies(`- conditions: {}`, `  action: ${action}`);

  it('with action skip keeps the claim from being moved, and is named in the message', () => {
    expect(decideBackup(aBackup(), aClaim(), facts({ policies: all('{type: skip}') }))).toEqual({
      outcome: 'leave',
      level: 'info',
      message:
        'volumePolicies[0] in ConfigMap velero/p has action skip: the data of PersistentVolumeClaim app/data is not moved',
    });
  });

  it('with action snapshot overrules the defaults of the backup, as in Velero', () => {
    const backup = aBackup({ snapshotVolumes: false, defaultVolumesToFsBackup: true });
    const decision = decideBackup(
      backup,
      aClaim(),
      facts({ policies: all('{type: snapshot}'), pods: [aPod('p', ['data'])] }),
    );
    expect(decision).toEqual({
      outcome: 'move',
      className: 'standard',
      by: 'default',
      policy: 'volumePolicies[0] in ConfigMap velero/p',
    });
  });

  it('with action snapshot does not overrule an opt-out, and does not move an unbound claim', () => {
    const wanted = facts({ policies: all('{type: snapshot}') });
    const out = aClaim('data', { labels: { [labels.dataMover]: 'false' } });
    expect(decideBackup(aBackup(), out, wanted)).toMatchObject({ outcome: 'leave', level: 'info' });
    const pending = { ...aClaim(), status: { phase: 'Pending' as const } };
    expect(decideBackup(aBackup(), pending, wanted)).toMatchObject({ outcome: 'leave', level: 'warn' });
  });

  it('with action fs-backup leaves the claim to Velero, with a warning if its data is not saved', () => {
    const wanted = { policies: all('{type: fs-backup}') };
    const decide = (pods: DecisionFacts['pods']) =>
      decideBackup(aBackup(), aClaim(), facts({ ...wanted, pods }));
    expect(decide([aPod('p', ['data'])])).toMatchObject({ outcome: 'leave', level: 'info' });
    expect(decide([])).toMatchObject({
      outcome: 'leave',
      level: 'warn',
      message: expect.stringContaining('its data is not saved'),
    });
  });

  it.each(['{type: custom}', '{type: custom, parameters: {datamover: kubevirt}}'])(
    'with action %s leaves the claim to another plugin',
    (action) => {
      expect(decideBackup(aBackup(), aClaim(), facts({ policies: all(action) }))).toMatchObject({
        outcome: 'leave',
        level: 'info',
        message: expect.stringContaining('another plugin'),
      });
    },
  );

  const custom = (parameters: string) =>
    facts({ policies: all(`{type: custom, parameters: {datamover: oadp.openshift.io${parameters}}}`) });

  it('with action custom and our name moves the claim by its own class, or by the one it names', () => {
    expect(decideBackup(aBackup(), aClaim(), custom(''))).toMatchObject({ className: 'standard' });
    expect(decideBackup(aBackup(), aClaim(), custom(', dataMoverClass: fast'))).toMatchObject({
      className: 'fast',
      by: 'policy',
    });
  });

  it("that names a class does not overrule the claim's own annotation", () => {
    const pvc = aClaim('data', { annotations: { [annotations.className]: 'standard' } });
    expect(decideBackup(aBackup(), pvc, custom(', dataMoverClass: fast'))).toMatchObject({
      className: 'standard',
      by: 'annotation',
    });
  });

  it('that names a class that is not there is an error', () => {
    expect(decideBackup(aBackup(), aClaim(), custom(', dataMoverClass: gone'))).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining('"gone" as dataMoverClass of PersistentVolumeClaim app/data'),
    });
  });

  it('that names a class of another installation is an error', () => {
    const { classes, ...more } = custom(', dataMoverClass: fast');
    const elsewhere = classes.map((one) => ({ ...one, spec: { ...one.spec, installation: 'velero-b' } }));
    expect(decideBackup(aBackup(), aClaim(), { ...more, classes: elsewhere })).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining(
        'that DataMoverClass serves the installation in namespace velero-b only',
      ),
    });
  });

  it('sees the volume of the claim, and the first that fits decides', () => {
    const volume: PersistentVolume = aVolume();
    volume.spec.capacity = { storage: '5Gi' };
    const ordered = policies(
      '- conditions: {capacity: "10Gi,"}',
      '  action: {type: skip}',
      '- conditions: {capacity: ",5Gi"}',
      '  action: {type: snapshot}',
      '- conditions: {}',
      '  action: {type: skip}',
    );
    const decide = (size: string) => {
      volume.spec.capacity = { storage: size };
      return decideBackup(aBackup(), aClaim(), facts({ policies: ordered, volume }));
    };
    expect(decide('5Gi')).toMatchObject({ policy: 'volumePolicies[1] in ConfigMap velero/p' });
    expect(decide('10Gi')).toMatchObject({ message: expect.stringContaining('volumePolicies[0]') });
    expect(decide('7Gi')).toMatchObject({ message: expect.stringContaining('volumePolicies[2]') });
  });

  it('can pass over unbound claims without a warning', () => {
    const unbound = policies('- conditions: {pvcPhase: [Pending, Lost]}', '  action: {type: skip}');
    const pending = { ...aClaim(), status: { phase: 'Pending' as const } };
    expect(decideBackup(aBackup(), pending, facts({ policies: unbound }))).toMatchObject({ level: 'info' });
    expect(decideBackup(aBackup(), aClaim(), facts({ policies: unbound })).outcome).toBe('move');
  });
});

it.each([
  ['InProgress', false],
  ['Finalizing', true],
  ['FinalizingPartiallyFailed', true],
  ['WaitingForPluginOperations', false],
])('phase %s is finalizing: %p', (phase, finalizing) => {
  expect(isFinalizing(aBackup({}, phase))).toBe(finalizing);
});

import { describe, expect, it } from '@jest/globals';
import { settle } from '../../tests/fakes/fake-clock.ts';
import type { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { desiredBackup } from './desired-backup.ts';
import {
  aBackup,
  aClaim,
  aClass,
  aPod,
  aSnapshot,
  aVolume,
  recordingLog,
} from '../../tests/fakes/velero-objects.ts';
import { capture, nameOf, setUp } from '../../tests/fakes/backup-action.ts';

describe('a claim', () => {
  it('whose source is captured comes back marked, with its operation', async () => {
    const { execute, kube, lines } = setUp();
    const id = `app/${nameOf('data')}`;
    const output = await execute(aClaim());
    expect(JSON.parse(String(output.item))).toEqual(
      aClaim('data', { annotations: { [annotations.movedBy]: id } }),
    );
    expect(output).toMatchObject({
      operationID: id,
      postOperationItems: [
        { group: 'oadp.openshift.io', resource: 'datamoverbackups', namespace: 'app', name: nameOf('data') },
      ],
    });
    expect(output).not.toHaveProperty('additionalItems');
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'the data mover backs up the data'],
      ['info', 'the source is captured'],
    ]);
    // These fields connect its lines with those of the controller.
    const made = kube.peekAll(dataMoverBackups)[0]?.metadata;
    const traceID = made?.annotations?.[annotations.traceparent]?.split('-')[1];
    for (const { fields } of lines) expect(fields).toMatchObject({ requestUID: made?.uid, traceID });
    expect(lines[0]?.fields).toMatchObject({
      resource: 'persistentvolumeclaims',
      namespace: 'app',
      name: 'data',
      dataMoverClass: 'standard',
      chosenBy: 'default',
    });
  });

  it('is stored without the annotation and label of the snapshot that is its source', async () => {
    const { execute, kube } = setUp({ csiEnabled: true });
    kube.seed(volumeSnapshots, aSnapshot());
    const snapshot = { 'velero.io/volume-snapshot-name': 'velero-data', keep: 'this' };
    const label = { 'velero.io/volume-snapshot-name': 'velero-data' };
    const output = await execute(aClaim('data', { annotations: snapshot, labels: label }));
    expect(JSON.parse(String(output.item))).toMatchObject({
      metadata: { annotations: { keep: 'this', [annotations.movedBy]: `app/${nameOf('data')}` } },
    });
    expect(String(output.item)).not.toContain('volume-snapshot-name');
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.dataSourceRef.kind).toBe('VolumeSnapshot');
  });

  it('whose capture failed is stored with a warning, and has an operation', async () => {
    const { execute, lines } = setUp({
      status: { phase: 'Failed', failure: { reason: 'SnapshotFailed', message: 'no space' } },
    });
    expect(await execute(aClaim())).toMatchObject({ operationID: `app/${nameOf('data')}` });
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      message: `the source could not be captured: DataMoverBackup app/${nameOf('data')} ended with SnapshotFailed: no space`,
    });
  });

  it.each([
    ['30s', 30_000],
    [undefined, 600_000],
    ['nonsense', 600_000],
    ['0s', 600_000],
  ])('that is not captured within %p is canceled', async (csiSnapshotTimeout, ms) => {
    const { execute, lines, clock, kube } = setUp({ status: { phase: 'Capturing' } });
    const executing = execute(
      aClaim(),
      aBackup(csiSnapshotTimeout === undefined ? {} : { csiSnapshotTimeout }),
    );
    await clock.advance(ms - 1);
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.cancel).toBeUndefined();
    await clock.advance(1);
    expect(await executing).toMatchObject({ operationID: `app/${nameOf('data')}` });
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.cancel).toBe(true);
    expect(lines.at(-1)?.level).toBe('warn');
  });

  it('that is not captured in time is canceled although the API server falters', async () => {
    const { execute, clock, kube } = setUp({ status: { phase: 'Capturing' } });
    let failures = 2;
    kube.before = ({ verb }) => {
      if (verb === 'mergePatch' && failures-- > 0)
        throw new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'later' });
    };
    const executing = execute(aClaim());
    executing.catch(() => undefined);
    await clock.advance(600_000);
    await clock.advance(500);
    await clock.advance(1_000);
    expect(await executing).toMatchObject({ operationID: `app/${nameOf('data')}` });
    expect(kube.peekAll(dataMoverBackups)[0]?.spec.cancel).toBe(true);
  });

  it('that is read while in use is moved with a warning', async () => {
    const live = { consistency: 'Live', time: capture.time } as const;
    const { execute, lines } = setUp({ status: { phase: 'Queued', capture: live } });
    await execute(aClaim());
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { consistency: 'Live' } });
  });

  it('gets only one request even if Velero passes it twice', async () => {
    const { execute, requested } = setUp();
    const first = await execute(aClaim());
    expect(await execute(aClaim())).toEqual(first);
    expect(requested()).toEqual(['data']);
  });

  it.each([
    ['the mover is off', { enable: 'false' }, aBackup()],
    ['the backup is finalizing', {}, aBackup({}, 'Finalizing')],
    ['the backup takes no snapshots', {}, aBackup({ snapshotVolumes: false })],
  ])('is not changed if %s', async (_, options, backup) => {
    const { execute, kube } = setUp(options);
    expect(await execute(aClaim(), backup)).toEqual({});
    expect(kube.writeCalls()).toEqual([]);
  });

  it('of a finalizing backup costs no call at all', async () => {
    const { execute, kube } = setUp();
    await execute(aClaim(), aBackup({}, 'Finalizing'));
    expect(kube.calls).toEqual([]);
  });
});

describe('a claim that no class takes', () => {
  /** The class of {@link setUp} with the status that its controller writes, for volumes of one driver. */
  function withClass(drivers?: string[]) {
    const setup = setUp();
    const standard = aClass('standard', { default: true });
    setup.kube.seed(dataMoverClasses, {
      ...standard,
      spec: { ...standard.spec, ...(drivers && { volumes: { drivers } }) },
      status: { capabilities: { volumeModes: ['Filesystem'], accessModes: ['ReadWriteOnce'] } },
    });
    return setup;
  }

  const leftMessage = (why: string) => ({
    level: 'warn',
    message: `no DataMoverClass takes PersistentVolumeClaim app/data: standard: ${why}; its data is not moved`,
    fields: { resource: 'persistentvolumeclaims', namespace: 'app', name: 'data' },
  });

  it('because of its volumeMode is not changed, with a warning, and neither is its volume', async () => {
    const { execute, kube, lines } = withClass();
    const claim = aClaim();
    claim.spec.volumeMode = 'Block';
    kube.seed(persistentVolumeClaims, claim);
    expect(await execute(aVolume())).toEqual({});
    expect(await execute(claim)).toEqual({});
    expect(lines).toEqual([leftMessage('its volumeMode is Block, which mover VolSync cannot move')]);
    expect(kube.writeCalls()).toEqual([]);
  });

  it('because of its CSI driver is not changed, with a warning, and neither is its volume', async () => {
    const { execute, kube, lines } = withClass(['csi.example.com']);
    const volume = aVolume();
    volume.spec.csi = { driver: 'other.example.com', volumeHandle: 'x' };
    kube.seed(persistentVolumeClaims, aClaim());
    kube.seed(persistentVolumes, volume);
    expect(await execute(volume)).toEqual({});
    expect(await execute(aClaim())).toEqual({});
    const why = 'its CSI driver is other.example.com, which spec.volumes.drivers of the class does not have';
    expect(lines).toEqual([leftMessage(why)]);
    expect(kube.writeCalls()).toEqual([]);
  });

  it('causes no read of its volume if no class depends on it', async () => {
    const { execute, kube } = withClass();
    await execute(aClaim());
    expect(kube.calls.filter(({ kind }) => kind.kind === 'PersistentVolume')).toEqual([]);
  });

  it('fails if it names a class, and nothing is created', async () => {
    const { execute, kube } = withClass(['csi.example.com']);
    kube.seed(persistentVolumes, aVolume());
    const named = aClaim('data', { annotations: { [annotations.className]: 'standard' } });
    await expect(execute(named)).rejects.toThrow(
      'DataMoverClass standard does not take it: no CSI driver provides it',
    );
    expect(kube.writeCalls()).toEqual([]);
  });
});

describe('a switch that is thrown while a backup runs', () => {
  it('takes effect with the next backup, so that a volume and its claim are handled the same way', async () => {
    const { execute, kube, startProcess, turn, clock } = setUp();
    kube.seed(persistentVolumeClaims, aClaim());
    expect(await execute(aVolume())).toHaveProperty('item');
    await turn('false');
    await clock.advance(60_000);
    expect(await execute(aClaim())).toHaveProperty('operationID');
    expect(await startProcess().execute(aClaim('b'))).toEqual({});
  });
});

describe('the other claims', () => {
  it('are requested before the wait for the first one, once per backup', async () => {
    const { execute, kube, requested } = setUp();
    for (const name of ['data', 'b', 'c']) kube.seed(persistentVolumeClaims, aClaim(name));
    await execute(aClaim());
    expect(requested().sort()).toEqual(['b', 'c', 'data']);
    const listings = () =>
      kube.calls.filter(({ kind, verb }) => verb === 'list' && kind.kind === 'Pod').length;
    await execute(aClaim('b'));
    expect(listings()).toBe(1);
  });

  it('of another hook window wait for their turn', async () => {
    const { execute, kube, requested } = setUp();
    for (const name of ['data', 'b']) kube.seed(persistentVolumeClaims, aClaim(name));
    kube.seed(
      pods,
      aPod('p', ['b'], { annotations: { 'pre.hook.backup.velero.io/command': '["/freeze"]' } }),
    );
    await execute(aClaim());
    expect(requested()).toEqual(['data']);
  });

  it('are not requested ahead if Velero takes the snapshots', async () => {
    const { execute, kube, requested } = setUp({ csiEnabled: true });
    kube.seed(persistentVolumeClaims, aClaim('b'));
    await execute(aClaim());
    expect(requested()).toEqual(['data']);
  });

  it('do not fail the first one if they cannot be requested', async () => {
    const { execute, kube, lines } = setUp();
    kube.seed(persistentVolumeClaims, aClaim('b'));
    kube.before = ({ kind, verb, key }) => {
      if (kind.kind === 'DataMoverBackup' && verb === 'create' && key?.name === nameOf('b'))
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not this one' });
    };
    expect(await execute(aClaim())).toHaveProperty('operationID');
    expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('are requested while the first one is still being captured', async () => {
    const { execute, kube, requested, clock } = setUp({ status: { phase: 'Capturing' } });
    for (const name of ['data', 'b']) kube.seed(persistentVolumeClaims, aClaim(name));
    const executing = execute(aClaim());
    await settle();
    await settle();
    expect(requested().sort()).toEqual(['b', 'data']);
    await clock.advance(600_000);
    await executing;
  });
});

describe('a request for a claim that is not stored as moved', () => {
  const canceled = (kube: FakeKube, claim: string) =>
    kube.peek(dataMoverBackups, { namespace: 'app', name: nameOf(claim) })?.spec.cancel;

  it('is canceled if the action fails after the request was created', async () => {
    const { execute, kube } = setUp({ status: { phase: 'Capturing' } });
    kube.before = ({ verb, kind }) => {
      if (verb === 'watch' && kind === dataMoverBackups)
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not you' });
    };
    await expect(execute(aClaim())).rejects.toThrow('not you');
    expect(canceled(kube, 'data')).toBe(true);
  });

  it('is not canceled in the place of a former one of its name', async () => {
    const { execute, kube } = setUp({ status: { phase: 'Capturing' } });
    const key = { namespace: 'app', name: nameOf('data') };
    kube.before = ({ verb, kind }) => {
      if (verb !== 'watch' || kind !== dataMoverBackups) return;
      const { uid: _, ...metadata } = kube.peek(dataMoverBackups, key)!.metadata;
      const other = { ...kube.peek(dataMoverBackups, key)!, metadata };
      kube.remove(dataMoverBackups, key);
      kube.seed(dataMoverBackups, other);
      throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not you' });
    };
    await expect(execute(aClaim())).rejects.toThrow('not you');
    expect(canceled(kube, 'data')).toBeUndefined();
  });

  it('is canceled when the answer to its creation was lost', async () => {
    const { execute, kube } = setUp();
    kube.after = ({ verb, kind }) => {
      if (verb === 'create' && kind === dataMoverBackups)
        throw new KubeError({ code: 400, reason: 'BadRequest', message: 'a proxy fell over' });
    };
    await expect(execute(aClaim())).rejects.toThrow('a proxy fell over');
    expect(canceled(kube, 'data')).toBe(true);
  });

  it('is canceled if it was created ahead and the claim is later left out', async () => {
    const { execute, kube } = setUp();
    for (const claim of ['data', 'other']) kube.seed(persistentVolumeClaims, aClaim(claim));
    kube.seed(pods, aPod('web', ['data', 'other']));
    await execute(aClaim('data'));
    expect(canceled(kube, 'other')).toBeUndefined();
    const opted = aClaim('other', { annotations: { [annotations.dataMover]: 'false' } });
    expect(await execute(opted)).toEqual({});
    expect([canceled(kube, 'data'), canceled(kube, 'other')]).toEqual([undefined, true]);
  });

  it('is named in the log if it cannot be canceled, and the first error is returned', async () => {
    const { execute, kube, lines } = setUp({ status: { phase: 'Capturing' } });
    kube.before = ({ verb, kind }) => {
      if (['watch', 'mergePatch'].includes(verb) && kind === dataMoverBackups)
        throw new KubeError({ code: 403, reason: 'Forbidden', message: `no ${verb}` });
    };
    await expect(execute(aClaim())).rejects.toThrow('no watch');
    expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: expect.stringContaining('could not be canceled') },
    ]);
  });
});

describe('operations', () => {
  const ask = (setup: ReturnType<typeof setUp>, id: string) =>
    setup.action.progress(id, aBackup(), { log: recordingLog().log, signal: new AbortController().signal });

  it('cost one read per question', async () => {
    const setup = setUp({ status: { phase: 'Completed', message: 'done' } });
    const { operationID = '' } = await setup.execute(aClaim());
    const before = setup.kube.calls.length;
    expect(await ask(setup, operationID)).toMatchObject({ completed: true, error: '', description: 'done' });
    expect(setup.kube.calls.length - before).toBe(1);
  });

  it('do not end because a question failed', async () => {
    const setup = setUp();
    for (const code of [403, 500, 0]) {
      setup.kube.before = () => {
        throw new KubeError({ code, reason: 'X', message: 'cannot read' });
      };
      expect(await ask(setup, 'app/dmb-1')).toMatchObject({
        completed: false,
        error: '',
        description: expect.stringContaining('cannot read'),
      });
    }
  });

  it('are canceled although the API server falters', async () => {
    const setup = setUp({ status: { phase: 'Moving' } });
    setup.kube.seed(dataMoverBackups, { ...desiredBackup(aBackup(), aClaim(), { className: 'standard' }) });
    let failures = 2;
    setup.kube.before = ({ verb }) => {
      if (verb === 'mergePatch' && failures-- > 0)
        throw new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'later' });
    };
    const context = { log: recordingLog().log, signal: new AbortController().signal };
    const canceling = setup.action.cancel(`app/${nameOf('data')}`, aBackup(), context);
    await setup.clock.advance(500);
    await setup.clock.advance(1_000);
    await canceling;
    expect(setup.kube.peekAll(dataMoverBackups)[0]?.spec.cancel).toBe(true);
  });

  it('end with an error if their request does not exist or their id is invalid', async () => {
    const setup = setUp();
    for (const id of ['app/gone', 'what'])
      expect(await ask(setup, id)).toMatchObject({ completed: true, error: expect.stringContaining(id) });
  });
});

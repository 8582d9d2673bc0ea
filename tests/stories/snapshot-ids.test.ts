import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs, secrets } from '../../api/kubernetes/core.ts';
import { replicationDestinations } from '../../api/volsync/v1alpha1.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { checkSnapshotID } from '../../movers/snapshot-id.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** Ids of snapshots come from tenants and from buckets, and become arguments of the movers' programs. */

const FORM = '8 to 64 lower-case hexadecimal digits';

/** What the schema rejects for every mover. The first one, in 31 characters, once printed the keys of all tenants. */
const NO_ID = [
  '--password-command=sh -c env>&2',
  '--password-file=/dev/stdin',
  '-o',
  '--',
  '',
  'abcdef01:/etc',
  'abcdef01 --help',
  'abcdef01\n',
  'abcdef01\nabcdef01',
  '../../config',
  '$(touch pwned)',
  '`id`',
  'ａｂｃｄｅｆ０１',
  'a'.repeat(1025),
];

/** What only the mover can reject. */
const NO_RESTIC_ID = ['latest', 'abcdef0', 'ABCDEF01', 'abcdefgh', 'a'.repeat(65)];

const HEX = { name: 'Hex', snapshotIDs: { pattern: /[0-9a-f]{8,64}/, form: FORM } };
const TAPES = { name: 'Tapes', snapshotIDs: { pattern: /tape-[0-9]+/, form: '"tape-" and a number' } };

type Result = NonNullable<NonNullable<DataMoverBackup['status']>['result']>;

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.start();
});

afterEach(() => harness.stop());

const resultOf = (mover: string, snapshotID: string): Result => ({
  mover,
  repository: 'c1/app/data',
  snapshotID,
});

/** Returns the objects with which a mover starts. */
const begun = () =>
  harness.kube.calls.filter(
    ({ verb, kind }) => verb === 'create' && [jobs, secrets, replicationDestinations].includes(kind as never),
  );

describe.each(NO_ID)('%j', (id) => {
  it('is an id for no mover', () => {
    for (const mover of [HEX, TAPES])
      expect(checkSnapshotID(mover, 'spec.x', id)).toMatchObject({
        state: 'failed',
        reason: 'InvalidRequest',
      });
  });

  it('is refused by the schema', () => {
    harness.addDestination();
    const source = { backupName: 'b1', result: resultOf('Restic', id) };
    expect(() => harness.addRestore('r1', (object) => Object.assign(object.spec, { source }))).toThrow(
      'snapshotID',
    );
  });
});

describe.each(['Restic', 'VolSync'])('with mover %s', (mover) => {
  beforeEach(() => void harness.addClass((object) => Object.assign(object.spec, { mover, config: {} })));

  it.each(NO_RESTIC_ID)('a restore of snapshot %j is rejected before any object is created', async (id) => {
    harness.addDestination();
    const before = harness.inventory();
    const { metadata } = harness.addRestore('r1', (object) =>
      Object.assign(object.spec, { source: { backupName: 'b1', result: resultOf(mover, id) } }),
    );
    const status = () =>
      harness.kube.peek(dataMoverRestores, { namespace: APP, name: metadata.name })?.status;
    await harness.until(() => status()?.completionTimestamp !== undefined);
    expect(status()).toMatchObject({ phase: 'Failed', failure: { reason: 'InvalidRequest' } });
    expect(status()?.failure?.message).toMatch(/^spec\.source\.result\.snapshotID is "/);
    expect(status()?.failure?.message).toContain(`a snapshot of mover ${mover} is named by ${FORM}`);
    expect(status()?.failure?.message.length).toBeLessThan(300);
    expect(begun()).toEqual([]);
    expect(harness.inventory()).toEqual(before);
  });

  it.each(NO_RESTIC_ID)('a removal of snapshot %j is rejected before any object is created', async (id) => {
    const key = { namespace: 'velero', name: 'd1' };
    harness.kube.seed(dataMoverDeletes, {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverDelete',
      metadata: key,
      spec: { result: resultOf(mover, id) },
    });
    const status = () => harness.kube.peek(dataMoverDeletes, key)?.status;
    await harness.until(() => status()?.completionTimestamp !== undefined);
    expect(status()).toMatchObject({ phase: 'Failed', failure: { reason: 'InvalidRequest' } });
    expect(status()?.failure?.message).toMatch(/^spec\.result\.snapshotID is "/);
    expect(status()?.failure?.message).toContain(FORM);
    expect(begun()).toEqual([]);
  });
});

it('a backup is no success when its mover names a snapshot that a restore would refuse', async () => {
  harness.addClass((object) => Object.assign(object.spec, { mover: 'Restic', config: {} }));
  await harness.addSource('data', 'precious');
  const line = JSON.stringify({ message_type: 'summary', snapshot_id: '--password-file=x' });
  harness.cluster.state.script = () => ({ end: 'succeeded', lines: [line] });
  harness.addBackup('b1');
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
  expect(harness.backup()?.status).toMatchObject({
    phase: 'Failed',
    failure: {
      reason: 'MoverFailed',
      message: `mover Restic reports success but names snapshot "--password-file=x"; a snapshot of mover Restic is named by ${FORM}`,
    },
  });
});

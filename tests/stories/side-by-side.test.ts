import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { backups } from '../../api/velero/v1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { annotations, GROUP, labels } from '../../api/datamover/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverDeletes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';
import { instantMover } from '../fakes/instant-mover.ts';
import type { Mover } from '../../movers/mover.ts';

/** A vendor's controller beside ours: each serves the classes of its own movers and ignores those of the other. */

const OURS = 'datamover-controller';
const VENDOR = 'vendor-controller';

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  harness.janitorIntervalMs = 5_000;
  harness.addClass((object) => {
    object.metadata = { name: 'vendor' };
    object.spec.mover = 'Vendor';
  });
  await harness.addSource('data', 'precious');
  await harness.startBeside(VENDOR, [() => vendorMover]);
  await harness.start();
});

afterEach(() => harness.stop());

/** Returns a final outcome from every method. */
const vendorMover: Mover = {
  ...instantMover,
  name: 'Vendor',
  snapshotIDs: { pattern: /tape-[0-9]+|[0-9a-f]{8}/, form: 'a tape, or 8 digits' },
  backup: () => Promise.resolve({ state: 'Done', facts: { snapshotID: 'tape-1', bytes: 8, files: 1 } }),
};

/** Returns the field managers that wrote to objects of our kinds with a name. */
function writersOf(name: string): string[] {
  const writers = harness.kube.calls
    .filter(({ verb, kind, key }) => isWrite(verb) && kind.group === GROUP && key?.name === name)
    .map(({ fieldManager }) => fieldManager);
  return [...new Set(writers)];
}

const isWrite = (verb: string): boolean => !['get', 'list', 'watch', 'podLog'].includes(verb);

function phaseOf(kind: Kind<Resource & { status?: { phase?: string | undefined } }>, name: string) {
  const namespace = kind === (dataMoverDeletes as Kind<Resource>) ? 'velero' : APP;
  return harness.kube.peek(kind, { namespace, name })?.status?.phase;
}

const completed = (kind: Kind<Resource & { status?: { phase?: string | undefined } }>, name: string) =>
  harness.until(() => phaseOf(kind, name) === 'Completed');

function addBackup(name: string, dataMoverClass: string, change?: (object: Resource) => void): void {
  harness.addBackup(name, (object) => {
    object.spec.dataMoverClass = dataMoverClass;
    change?.(object);
  });
}

function addDelete(name: string, mover: string, dataMoverClass: string): void {
  harness.kube.seed(dataMoverDeletes, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverDelete',
    metadata: { namespace: 'velero', name },
    spec: {
      dataMoverClass,
      result: { mover, repository: 'c1/app/data', repositoryID: 'shelf-1', snapshotID: 'abcdef01' },
    },
  });
}

describe('two controllers in one cluster', () => {
  it('each serve their own backups, and write the status of their own classes', async () => {
    addBackup('with-vendor', 'vendor');
    addBackup('with-ours', 'volsync');
    await completed(dataMoverBackups, 'with-vendor');
    await completed(dataMoverBackups, 'with-ours');
    expect(harness.backup('with-vendor')?.status).toMatchObject({
      mover: 'Vendor',
      result: { mover: 'Vendor', snapshotID: 'tape-1' },
    });
    expect(writersOf('with-vendor')).toEqual([VENDOR]);
    expect(writersOf('with-ours')).toEqual([OURS]);
    expect(writersOf('vendor')).toEqual([VENDOR]);
    expect(writersOf('volsync')).toEqual([OURS]);
  });

  it('each serve their own restores', async () => {
    const [source] = harness.addRepository('precious');
    const ofVendor = {
      ...source!,
      dataMoverClass: 'vendor',
      result: { ...source!.result!, mover: 'Vendor' },
    };
    for (const [name, record] of Object.entries({ 'by-ours': source!, 'by-vendor': ofVendor })) {
      harness.addDestination(`to-${name}`);
      harness.addRestore(name, ({ spec }) => {
        spec.source = record;
        spec.destinationClaimRef.name = `to-${name}`;
      });
    }
    await completed(dataMoverRestores, 'by-ours');
    await completed(dataMoverRestores, 'by-vendor');
    expect(writersOf('by-vendor')).toEqual([VENDOR]);
    expect(writersOf('by-ours')).toEqual([OURS]);
  });

  it('never write to a request that the other has finished', async () => {
    addBackup('with-vendor', 'vendor');
    await harness.until(() => phaseOf(dataMoverBackups, 'with-vendor') === 'Completed');
    // The class that determines the controller is deleted at this moment.
    harness.kube.remove(dataMoverClasses, { name: 'vendor' });
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'with-vendor' }, ({ metadata }) => {
      metadata.labels = { touched: 'true' };
    });
    await harness.advance(30_000);
    expect(writersOf('with-vendor')).toEqual([VENDOR]);
  });

  it("remove only data of their own movers, even if the record's class does not exist", async () => {
    harness.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ metadata }) => (metadata.annotations = {}));
    harness.kube.edit(dataMoverClasses, { name: 'vendor' }, ({ metadata }) => {
      metadata.annotations = { [annotations.defaultClass]: 'true' };
    });
    addDelete('tape', 'Vendor', 'gone');
    addDelete('restic', 'VolSync', 'gone');
    await completed(dataMoverDeletes, 'tape');
    await harness.until(() => phaseOf(dataMoverDeletes, 'restic') === 'Retrying');
    expect(
      harness.kube.peek(dataMoverDeletes, { namespace: 'velero', name: 'restic' })?.status,
    ).toMatchObject({
      lastFailure: { reason: expect.stringMatching(/NoClass|ClassNotFound/) as unknown },
    });
    expect(writersOf('tape')).toEqual([VENDOR]);
    expect(writersOf('restic')).toEqual([OURS]);
  });

  it("delete only their own requests when Velero's backup is deleted", async () => {
    const ofVelero = ({ metadata }: Resource): void => {
      metadata.labels = { [labels.veleroBackupUid]: 'u' };
      metadata.annotations = { [annotations.veleroBackup]: 'daily' };
    };
    harness.kube.seed(backups, {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { namespace: 'velero', name: 'daily', uid: 'u' },
      spec: {},
    });
    addBackup('with-vendor', 'vendor', ofVelero);
    addBackup('with-ours', 'volsync', ofVelero);
    await completed(dataMoverBackups, 'with-vendor');
    await completed(dataMoverBackups, 'with-ours');
    harness.kube.remove(backups, { namespace: 'velero', name: 'daily' });
    await harness.until(
      () => harness.backup('with-vendor') === undefined && harness.backup('with-ours') === undefined,
    );
    expect(writersOf('with-vendor')).toEqual([VENDOR]);
    expect(writersOf('with-ours')).toEqual([OURS]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Kind as ResourceKind, Resource } from '../../api/kubernetes/meta.ts';
import { dataMoverDeletes, dataMoverPrunes } from '../../api/datamover/v1alpha1/kinds.ts';
import { fieldsOf, hostileValues, setField, titleOf } from '../fakes/hostile.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/**
 * A tenant writes into each field a value that a shell, a program, a URL, a path, a terminal or a number parser would
 * misinterpret.
 */

let harness: ControllerHarness;
let before: string[];

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

type Kind = keyof typeof hostileValues;

const ROOT_FOLDER = { mode: '0755', uid: 0, gid: 0, time: '2026-01-01T00:00:00Z' };

function make(kind: Kind, change: (object: Resource) => void): void {
  // No schema of an API server protects the controller here.
  harness.cluster.hasOldSchemas = true;
  if (kind === 'DataMoverDelete' || kind === 'DataMoverPrune') {
    makeCare(kind, change);
    return;
  }
  if (kind === 'DataMoverBackup') {
    harness.addBackup('b1', change);
    return;
  }
  const [source] = harness.addRepository('precious');
  const rootFolder = { ...ROOT_FOLDER };
  harness.addRestore('r1', (restore) => {
    restore.spec.source = { ...source, result: { ...source!.result!, rootFolder } };
    change(restore);
  });
}

const CARE = { namespace: 'velero', name: 'care' };

/** Creates a request about a repository, as the plugin and the controller do. */
function makeCare(kind: 'DataMoverDelete' | 'DataMoverPrune', change: (object: Resource) => void): void {
  const place = { mover: 'VolSync', repository: 'c1/app/data' };
  const spec =
    kind === 'DataMoverPrune'
      ? place
      : {
          backupNamespace: APP,
          backupName: 'b1',
          result: { ...place, snapshotID: 'abcdef01', rootFolder: { ...ROOT_FOLDER } },
        };
  const object = { apiVersion: 'oadp.openshift.io/v1alpha1', kind, metadata: { ...CARE }, spec };
  change(object);
  harness.kube.seed<Resource>(KINDS[kind], object);
}

const KINDS: Record<'DataMoverDelete' | 'DataMoverPrune', ResourceKind<Resource>> = {
  DataMoverDelete: dataMoverDeletes,
  DataMoverPrune: dataMoverPrunes,
};

interface Failure {
  reason: string;
  message: string;
}

interface Status {
  phase?: string | undefined;
  completionTimestamp?: string | undefined;
  failure?: Failure | undefined;
  lastFailure?: Failure | undefined;
}

function statusOf(kind: Kind): Status | undefined {
  if (kind === 'DataMoverBackup') return harness.backup()?.status;
  if (kind === 'DataMoverRestore') return harness.restore()?.status;
  return (harness.kube.peek(KINDS[kind], CARE) as { status?: Status } | undefined)?.status;
}

/**
 * Waits for the end of a request, or for its first failed attempt: maintenance of repositories waits for a class that may be
 * created and is retried, and until then it has started nothing.
 */
async function endOf(kind: Kind): Promise<Status> {
  await harness.until(() => {
    const { completionTimestamp, lastFailure } = statusOf(kind) ?? {};
    return completionTimestamp !== undefined || lastFailure !== undefined;
  });
  return statusOf(kind)!;
}

/** Returns what the API server was requested to create. */
function made(): string[] {
  return harness.kube
    .writeCalls()
    .filter(({ verb, kind }) => verb === 'create' && kind.kind !== 'Event')
    .map(({ kind, key }) => `${kind.kind} ${key?.name ?? ''}`);
}

const REFUSALS = [
  'InvalidRequest',
  'InvalidConfig',
  'Forbidden',
  'ClassNotFound',
  'NoClass',
  'DestinationMismatch',
];

describe.each(Object.keys(hostileValues) as Kind[])('a field of a %s', (kind) => {
  it('has hostile values here, whichever it is', () => {
    const known = Object.keys(hostileValues[kind]).filter((field) => field.startsWith('spec.'));
    expect(known.sort()).toEqual(fieldsOf(kind).sort());
  });
});

const cases = (Object.keys(hostileValues) as Kind[])
  .flatMap((kind) => Object.entries(hostileValues[kind]).map(([field, values]) => ({ kind, field, values })))
  .filter(({ values }) => values.length > 0);

describe.each(cases)('$field of a $kind', ({ kind, field, values }) => {
  it.each(values.map((value) => [titleOf(value), value]))(
    'is rejected before any object is created, with its name in the message: %s',
    async (_, value) => {
      if (kind === 'DataMoverRestore') harness.addDestination();
      await harness.quiesce();
      before = harness.inventory();
      await harness.start();
      make(kind, (object) => setField(object, field, value));
      const { phase, lastFailure, failure = lastFailure } = await endOf(kind);
      expect(phase).toBe(failure === lastFailure ? 'Retrying' : 'Failed');
      expect(REFUSALS).toContain(failure?.reason);
      expect(failure?.message).toMatch(namingOf(field));
      expect(failure!.message.length).toBeLessThanOrEqual(8192);
      expect(failure?.message).not.toMatch(/[\p{Cc}\p{Cf}]|p4ssw0rd|s3cr3t/u);
      expect(made()).toEqual([]);
      expect(harness.inventory()).toEqual(before);
      expect(harness.cluster.state.started).toEqual([]);
    },
  );
});

/** Matches a message that contains the field, or the object that the field names. */
function namingOf(field: string): RegExp {
  const last = field.split('.').at(-1) ?? '';
  const things: Readonly<Record<string, string>> = {
    dataMoverClass: '[dD]ataMoverClass',
    mover: 'mover',
  };
  return new RegExp(things[last] ?? last.replaceAll('/', '.'));
}

describe('the free text of a tenant', () => {
  it.each(['reason', 'message'])('is shown as one line of plain text: the %s of a failure', async (part) => {
    harness.addDestination();
    await harness.start();
    const text = `\u001b[2J\n${APP}\u202e${'x'.repeat(part === 'message' ? 32_000 : 900)}`;
    make('DataMoverRestore', (restore) => {
      const failure = { reason: 'R', message: 'm', [part]: text };
      setField(restore, 'spec.source', { backupName: 'b1', failure });
    });
    const { phase, failure } = await endOf('DataMoverRestore');
    expect(phase).toBe('Failed');
    expect(failure?.reason).toBe('BackupNotCompleted');
    expect(failure?.message).toContain('\\u001b[2J app\\u202ex');
    expect(failure?.message.length).toBeLessThanOrEqual(8192);
    expect(made()).toEqual([]);
  });
});

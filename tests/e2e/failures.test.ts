import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiVersionOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { claim, pod, untilRunning } from './support/app.ts';
import { untilEvents } from './support/events.ts';
import { leftoversOf } from './support/leftovers.ts';
import { resticSecret } from './support/setup.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import { backupEnd, describeBackup, movedBackups, startBackup } from './support/velero.ts';
import { until } from './support/wait.ts';

/** No server listens on port 1. */
const NOWHERE = 's3:http://127.0.0.1:1/nowhere';

/** Each claim of the application selects a class whose repository cannot be used, for one reason each. */
describe('repositories that cannot be used', () => {
  let story: Story;
  let namespace: string;
  let backup: string;
  let phase: string;
  let started: number;
  let requests: DataMoverBackup[];

  const FAULTS = ['wrong-password', 'missing-secret', 'missing-key', 'unreachable'];
  const CLAIMS = [...FAULTS, 'healthy'];

  const secretName = (fault: string): string => story.unique(fault);
  const keepSecret = (fault: string, keys: Record<string, string> = {}): Promise<void> =>
    story.make(resticSecret(story.cluster, { name: secretName(fault), ...keys }));
  const requestOf = (pvc: string): DataMoverBackup =>
    requests.find(({ spec }) => spec.dataSourceRef.name === pvc)!;
  const failureOf = (pvc: string): { reason?: string; message: string } =>
    requestOf(pvc).status?.failure ?? { message: '' };

  /** Runs a backup by hand, without Velero. */
  const moveByHand = async (name: string, pvc: string): Promise<void> => {
    await story.apply({
      apiVersion: apiVersionOf(dataMoverBackups),
      kind: dataMoverBackups.kind,
      metadata: { name, namespace },
      spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: pvc } },
    });
  };
  const untilPhase = (name: string, wanted: string): Promise<DataMoverBackup> =>
    until(
      story.kube,
      dataMoverBackups,
      { namespace, name },
      {
        to: `to be ${wanted}`,
        when: ({ status }) => status?.phase === wanted,
      },
    );

  beforeAll(async () => {
    story = await openStory('fail');
    namespace = await story.makeNamespace('app');
    for (const fault of FAULTS) {
      await story.makeClass(fault, { config: { resticSecret: { name: secretName(fault) } } });
    }
    await Promise.all([
      keepSecret('wrong-password'),
      keepSecret('missing-key', { AWS_SECRET_ACCESS_KEY: '' }),
      keepSecret('unreachable', { RESTIC_REPOSITORY: NOWHERE }),
    ]);
    const app = { namespace, name: 'app' };
    await story.apply(
      ...CLAIMS.map((name) => {
        const annotations = FAULTS.includes(name) ? askForClass(story.unique(name)) : {};
        return claim({ namespace, name }, { annotations });
      }),
      pod(app, story.cluster.images.busybox, {
        mounts: Object.fromEntries(CLAIMS.map((name) => [`/${name}`, name])),
      }),
    );
    await untilRunning(story, app);
    await story.exec(app, CLAIMS.map((name) => `echo ${name} > /${name}/file`).join('\n'));

    // A password is wrong only if a repository was created with another one.
    await moveByHand('before', 'wrong-password');
    await untilPhase('before', 'Completed');
    await keepSecret('wrong-password', { RESTIC_PASSWORD: 'forgotten' });

    backup = story.unique('backup');
    started = Date.now();
    await startBackup(story, backup, [namespace]);
    phase = await backupEnd(story, backup);
    requests = await movedBackups(story, backup);
  });

  afterAll(() => story.end());

  it('fail the request within minutes', () => {
    for (const fault of FAULTS) {
      const { status } = requestOf(fault);
      expect(status?.phase).toBe('Failed');
      expect(Date.parse(status!.completionTimestamp!) - started).toBeLessThan(8 * 60_000);
    }
  });

  it('report a wrong password with its Secret and the remedy', () => {
    const { reason, message } = failureOf('wrong-password');
    expect(reason).toBe('WrongPassword');
    expect(message).toContain('RESTIC_PASSWORD');
    expect(message).toContain(`${story.namespace}/${secretName('wrong-password')}`);
    expect(message).toContain(`${namespace}/wrong-password`);
    expect(message).toContain('set it to the password that the repository was created with');
  });

  it('report a missing Secret and the keys that it needs', () => {
    const { reason, message } = failureOf('missing-secret');
    expect(reason).toBe('SecretNotFound');
    expect(message).toContain(`${story.namespace}/${secretName('missing-secret')}`);
    expect(message).toContain('with keys RESTIC_REPOSITORY, RESTIC_PASSWORD');
  });

  it('report which key is missing in which Secret', () => {
    const { reason, message } = failureOf('missing-key');
    expect(reason).toBe('SecretInvalid');
    expect(message).toContain(`${story.namespace}/${secretName('missing-key')}`);
    expect(message).toContain('AWS_SECRET_ACCESS_KEY');
  });

  it('report which bucket cannot be reached and which key contains its address', () => {
    const { reason, message } = failureOf('unreachable');
    expect(reason).toBe('RepositoryUnreachable');
    expect(message).toContain(NOWHERE);
    expect(message).toContain('RESTIC_REPOSITORY');
    expect(message).toContain(`${story.namespace}/${secretName('unreachable')}`);
  });

  it('never show a value of a secret', () => {
    const { secretKey } = story.cluster.s3;
    const said = JSON.stringify(requests);
    expect(said).not.toContain('forgotten');
    expect(said).not.toContain(secretKey);
  });

  it('make the Velero backup PartiallyFailed, with each reason in its description', async () => {
    expect(phase).toBe('PartiallyFailed');
    const described = await describeBackup(story, backup);
    for (const fault of FAULTS) {
      const { reason = '', message } = failureOf(fault);
      expect(described).toContain(`${reason}: ${message}`);
    }
  });

  it('do not keep the other volumes from being backed up', () => {
    expect(requestOf('healthy').status?.phase).toBe('Completed');
  });

  it('are reported in Events', async () => {
    const name = requestOf('missing-secret').metadata.name;
    await untilEvents(story, namespace, [
      `DataMoverBackup/${name}: DataMoverFailed`,
      'PersistentVolumeClaim/missing-secret: DataMoverFailed',
    ]);
    await untilEvents(story, story.namespace, [`Backup/${backup}: DataMoverFailed`]);
  });

  it('leave nothing behind', async () => {
    expect(await leftoversOf(story, requests)).toEqual([]);
  });

  it('leave nothing behind when the user cancels instead of waiting', async () => {
    await moveByHand('canceled', 'unreachable');
    await untilPhase('canceled', 'Moving');
    await story.kube.mergePatch(
      dataMoverBackups,
      { namespace, name: 'canceled' },
      { spec: { cancel: true } },
    );
    const canceled = await untilPhase('canceled', 'Canceled');
    expect(canceled.status?.failure?.reason).toBe('Canceled');
    expect(await leftoversOf(story, [canceled])).toEqual([]);
  });
});

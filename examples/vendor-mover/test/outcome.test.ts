import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerStatus, Job, Pod } from 'velero-datamover/api';
import { parseConfig } from '../src/config.ts';
import { desiredJob } from '../src/job.ts';
import { judge } from '../src/outcome.ts';

const config = { endpoint: 'https://s3.example.com', bucket: 'backups' };

function job(status: Job['status'] = {}): Job {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'dmb-1' }, status };
}

type State = NonNullable<ContainerStatus['state']>;

function pod(state: State, phase: 'Running' | 'Failed' = 'Running'): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'dmb-1-x' },
    spec: { nodeName: 'node-1', containers: [{ name: 'archive' }] },
    status: { phase, containerStatuses: [{ name: 'archive', state }] },
  };
}

const ended = (message: string): Pod => pod({ terminated: { exitCode: 0, message } });
const failed = (message: string): Pod => pod({ terminated: { exitCode: 1, message } }, 'Failed');

describe('the outcome of the Job', () => {
  it('under way', () => {
    assert.deepEqual(judge(job({ active: 1 }), pod({ running: {} })), {
      state: 'InProgress',
      started: true,
      message: 'the archive is on its way',
      node: 'node-1',
    });
  });

  it('in progress, with the reason if the image cannot be pulled', () => {
    const outcome = judge(job({ active: 1 }), pod({ waiting: { message: 'Back-off pulling image' } }));
    assert.partialDeepStrictEqual(outcome, {
      state: 'InProgress',
      started: false,
      message: 'Back-off pulling image',
    });
  });

  it('done, with the facts of the report', () => {
    const report = { time: '2026-01-01T00:00:00Z', bytes: 8, files: 1, sha256: 'ab' };
    const outcome = judge(job({ succeeded: 1 }), ended(JSON.stringify(report)));
    assert.deepEqual(outcome, { state: 'Done', facts: report });
  });

  for (const [log, reason] of [
    ['Failed to copy: AccessDenied: Access Denied', 'PermissionDenied'],
    ['dial tcp 10.0.0.1:9000: connect: connection refused', 'RepositoryUnreachable'],
    ['backup dmb-1 is damaged: its checksum is 12', 'VerificationFailed'],
    ['there is no backup dmb-1 below backups/c1', 'RepositoryMissing'],
    ['tar: ./secret: Cannot open: Permission denied', 'UnreadableSource'],
    ['something new', 'MoverFailed'],
  ] as const) {
    it(`failed: ${reason}`, () => {
      const outcome = judge(job({ failed: 1 }), failed(`noise\n${log}\n`));
      assert.partialDeepStrictEqual(outcome, { state: 'Failed', reason });
      assert.match(outcome.state === 'Failed' ? outcome.message : '', new RegExp(log.slice(0, 20)));
    });
  }
});

describe('a Job that has failed', () => {
  it('is not judged before its pod shows why', () => {
    assert.partialDeepStrictEqual(judge(job({ failed: 1 }), pod({ running: {} })), { state: 'InProgress' });
    assert.partialDeepStrictEqual(judge(job({ failed: 1 }), undefined), { state: 'Failed' });
  });
});

describe('the configuration', () => {
  it('has defaults for all but the place', () => {
    assert.partialDeepStrictEqual(parseConfig(config), {
      config: { region: 'us-east-1', secret: { name: 'archive-mover' }, compressionLevel: 3 },
    });
  });

  it('names what is wrong', () => {
    assert.match(JSON.stringify(parseConfig({ ...config, colour: 'red' })), /colour/);
    assert.match(JSON.stringify(parseConfig({ bucket: 'backups' })), /config\.endpoint/);
  });
});

describe('the Job', () => {
  const parsed = parseConfig(config);
  assert.ok('config' in parsed);
  const request: Parameters<typeof desiredJob>[0] = {
    kind: 'backup',
    name: 'dmb-1',
    labels: { 'oadp.openshift.io/request-uid': 'u' },
    annotations: {},
    config: parsed.config,
    repositoryPath: 'c1/app/data',
    since: '2026-01-01T00:00:00Z',
    signal: new AbortController().signal,
    assertCurrent: () => Promise.resolve(),
    veleroLocation: () => Promise.resolve({ name: undefined }),
  };

  it('is named after the request, and its pod is found by the label of the request', () => {
    const made = desiredJob(request, 'velero', { name: 'backup', snapshotID: 'dmb-1', claim: 'dmb-1' });
    assert.partialDeepStrictEqual(made, {
      metadata: { name: 'dmb-1', namespace: 'velero', labels: request.labels },
      spec: { template: { metadata: { labels: request.labels } } },
    });
  });

  it('reads a volume that it backs up, and needs none to forget', () => {
    const backup = JSON.stringify(
      desiredJob(request, 'velero', { name: 'backup', snapshotID: 'a', claim: 'c' }),
    );
    const forget = JSON.stringify(desiredJob(request, 'velero', { name: 'forget', snapshotID: 'a' }));
    assert.match(backup, /"claimName":"c","readOnly":true/);
    assert.doesNotMatch(forget, /claimName/);
    assert.match(forget, /"runAsNonRoot":true/);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { volumeSnapshotClasses } from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { BackupStory } from './support/backup-story.ts';
import { running } from './support/running.ts';

let harness: BackupStory;

beforeEach(async () => {
  harness = new BackupStory();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

describe('a backup whose class changes under it', () => {
  it('fails when the class is deleted, and leaves nothing behind', async () => {
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    harness.kube.remove(dataMoverClasses, { name: 'volsync' });
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.metadata.labels = { touched: 'yes' };
    });
    const { phase, failure } = await harness.end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'ClassNotFound' });
    expect(harness.inventory()).toEqual(harness.before);
  });

  it("fails when the class changes to another controller's mover, and leaves nothing behind", async () => {
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    harness.kube.edit(dataMoverClasses, { name: 'volsync' }, (object) => {
      object.spec.mover = 'Other';
    });
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.metadata.labels = { touched: 'yes' };
    });
    const { phase, failure } = await harness.end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'InvalidConfig' });
    expect(failure?.message).toContain('from VolSync to another mover');
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('keeps the class that it began with when labels and defaults change', async () => {
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.reach('Moving');
    harness.kube.seed(dataMoverClasses, {
      ...harness.addClass((object) => {
        delete object.metadata.annotations;
      }),
      metadata: { name: 'newer', annotations: { 'oadp.openshift.io/default': 'true' } },
    });
    harness.cluster.endRun(harness.child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await harness.end()).toMatchObject({ phase: 'Completed', dataMoverClass: 'volsync' });
  });
});

describe('a backup that cannot be served', () => {
  async function failureOf(change?: (backup: DataMoverBackup) => void) {
    await harness.begin(change);
    const status = await harness.end(30_000);
    expect(status.phase).toBe('Failed');
    expect(harness.inventory()).toEqual(harness.before);
    expect(harness.cluster.state.started).toEqual([]);
    return status.failure!;
  }

  it.each([
    ['a setting of an unknown name', { cacheSize: '1Gi' }, 'Forbidden', 'spec.config.cacheSize'],
    ['a setting of a wrong type', { cacheCapacity: 5 }, 'InvalidConfig', 'config.cacheCapacity'],
    [
      'the folder above the repositories',
      { repositoryPrefix: 'x' },
      'Forbidden',
      'spec.config.repositoryPrefix',
    ],
    ['the list of allowed secrets', { allowedResticSecrets: ['x'] }, 'Forbidden', 'allowedResticSecrets'],
    ["the mover's ServiceAccount", { moverServiceAccount: 'admin' }, 'Forbidden', 'moverServiceAccount'],
    ["the mover's rights", { moverSecurityContext: { runAsUser: 0 } }, 'Forbidden', 'moverSecurityContext'],
    ['the node of the mover', { moverAffinity: { nodeAffinity: {} } }, 'Forbidden', 'moverAffinity'],
    ['the image that sees the credentials', { resticImage: 'example.com/mine' }, 'Forbidden', 'resticImage'],
    [
      'a secret that is not allowed',
      { resticSecret: { name: 'cloud-credentials' } },
      'Forbidden',
      'cloud-credentials',
    ],
  ])('fails for %s in its config', async (_, config, reason, text) => {
    const failure = await failureOf((backup) => {
      backup.spec.config = config;
    });
    expect(failure.reason).toBe(reason);
    expect(failure.message).toContain(text);
    expect(failure.message).toContain('DataMoverClass volsync');
  });

  it('may name a secret that the class allows', async () => {
    harness.addClass((object) => {
      object.spec.config = { allowedResticSecrets: ['mine'] };
    });
    const { reason, message } = await failureOf((backup) => {
      backup.spec.config = { resticSecret: { name: 'mine' } };
    });
    expect({ reason, message }).toMatchObject({ reason: 'SecretNotFound' });
    expect(message).toContain('velero/mine');
  });

  it.each([
    [
      'SecretNotFound',
      'velero/restic-config',
      () => harness.kube.remove(secrets, { namespace: 'velero', name: 'restic-config' }),
    ],
    ['SecretInvalid', 'RESTIC_PASSWORD', () => harness.addSecret({ RESTIC_PASSWORD: '' })],
    ['SecretInvalid', 'AWS_SECRET_ACCESS_KEY', () => harness.addSecret({ AWS_SECRET_ACCESS_KEY: '' })],
  ])('fails with %s and names %s', async (reason, text, spoil) => {
    spoil();
    harness.before = harness.inventory();
    const failure = await failureOf();
    expect(failure.reason).toBe(reason);
    expect(failure.message).toContain(text);
    expect(failure.message).toContain('velero/restic-config');
  });

  it.each<[string, () => unknown, { dataMoverClass?: string }]>([
    [
      'SourceNotFound',
      () => harness.kube.remove(persistentVolumeClaims, { namespace: APP, name: 'data' }),
      {},
    ],
    [
      'SourceNotBound',
      () => edit((claim) => void (claim.status = { phase: 'Pending' }), 'provision', 'bind'),
      {},
    ],
    ['UnsupportedVolumeMode', () => edit((claim) => void (claim.spec.volumeMode = 'Block')), {}],
    ['SnapshotNotSupported', () => harness.kube.remove(volumeSnapshotClasses, { name: 'snapshots' }), {}],
    ['SnapshotNotSupported', () => withoutDriver(), {}],
    ['NoClass', () => harness.addClass((object) => void (object.metadata.annotations = {})), {}],
    [
      'ClassNotFound',
      () => harness.kube.remove(dataMoverClasses, { name: 'volsync' }),
      { dataMoverClass: 'volsync' },
    ],
  ])('fails with %s (%#)', async (reason, spoil, spec) => {
    spoil();
    await harness.quiesce();
    harness.before = harness.inventory();
    const failure = await failureOf((backup) => {
      Object.assign(backup.spec, spec);
    });
    expect(failure.reason).toBe(reason);
    expect(failure.message).toMatch(/app\/data|csi\.example\.com|volsync/);
  });

  it('fails when the API server refuses an object for good', async () => {
    harness.kube.before = ({ verb, kind }) => {
      if (verb === 'create' && kind === replicationSources)
        throw new KubeError({
          code: 422,
          reason: 'Invalid',
          message: 'spec.restic.cacheCapacity: quantities must match',
        });
    };
    const { reason, message } = await failureOf();
    expect(reason).toBe('InvalidRequest');
    expect(message).toContain('spec.restic.cacheCapacity: quantities must match');
  });

  it('reports an exceeded quota at once, and fails if that persists', async () => {
    harness.setDeadlines({ stagingSeconds: 60 });
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: storage' });
    };
    await harness.begin();
    await harness.advance(5_000);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Staging', message: 'exceeded quota: storage' });
    const { phase, failure } = await harness.end(120_000);
    expect(phase).toBe('Failed');
    expect(failure?.message).toContain('exceeded quota: storage');
    expect(harness.inventory()).toEqual(harness.before);
  });

  it('continues when the quota is no longer exceeded', async () => {
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: storage' });
    };
    await harness.begin();
    await harness.advance(5_000);
    harness.kube.restart();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });

  function edit(change: (claim: PersistentVolumeClaim) => void, ...hold: ('provision' | 'bind')[]): void {
    harness.cluster.hold(...hold);
    harness.kube.edit(persistentVolumeClaims, { namespace: APP, name: 'data' }, change);
  }

  function withoutDriver(): void {
    const [volume] = harness.kube.peekAll(persistentVolumes);
    harness.kube.edit(persistentVolumes, { name: volume?.metadata.name ?? '' }, ({ spec }) => {
      delete spec.csi;
    });
  }
});

describe("another controller's class", () => {
  it('is left alone, with its requests', async () => {
    harness.addClass((object) => void (object.spec.mover = 'Other'));
    await harness.begin();
    await harness.advance(60_000, 10_000);
    expect(harness.kube.writeCalls()).toEqual([]);
    expect(harness.backup()).not.toHaveProperty('status');
  });
});

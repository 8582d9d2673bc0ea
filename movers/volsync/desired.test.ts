import { describe, expect, it } from '@jest/globals';
import type { RestoreMoverRequest } from '../mover.ts';
import { parseVolSyncConfig, type VolSyncConfig } from './config.ts';
import type { Access } from '../restic-repository/access/credentials.ts';
import { desiredSecret, locationOf } from '../restic-repository/job/request-objects.ts';
import { desiredDestination, desiredSource } from './desired.ts';

function parse(raw: Record<string, unknown>): VolSyncConfig {
  const parsed = parseVolSyncConfig(raw);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.config;
}

function request(config: Record<string, unknown> = {}): RestoreMoverRequest<VolSyncConfig> {
  return {
    kind: 'restore',
    name: 'dmr-1',
    labels: { l: '1' },
    annotations: { a: '2' },
    config: parse(config),
    stagingClaim: 'staging',
    storageClassName: 'fast',
    repositoryPath: 'c1/app/data',
    since: '2026-01-01T00:00:00Z',
    signal: new AbortController().signal,
    assertCurrent: () => Promise.resolve(),
    veleroLocation: () => Promise.resolve({ name: undefined }),
    snapshotID: 'abcdef01',
    recordedLocation: undefined,
    snapshotTime: '2026-01-01T10:00:00.900Z',
  };
}

function access(...keys: string[]): Access {
  return { data: Object.fromEntries(keys.map((key) => [key, 'dg=='])), location: undefined };
}

describe("the mover's configuration", () => {
  it('has a default for all that must be', () => {
    expect(parse({})).toEqual({
      resticSecret: { name: 'restic-config' },
      resticImage: 'docker.io/restic/restic:0.18.1',
      rcloneImage: 'docker.io/rclone/rclone:1.75.1',
      cacheCapacity: '1Gi',
      pruneMaxUnused: '5%',
      pruneMaxRepackSize: '20G',
      cacheAccessModes: ['ReadWriteOnce'],
    });
  });

  it.each([
    [{ resticSecret: {} }, 'config.resticSecret.name'],
    [{ resticSecret: { name: '' } }, 'config.resticSecret.name'],
    [{ cacheCapacity: 1 }, 'config.cacheCapacity'],
    [{ cacheAccessModes: [] }, 'config.cacheAccessModes'],
    [{ moverResources: 'many' }, 'config.moverResources'],
    [{ retain: { last: 1 } }, 'config.retain.last'],
    [{ retain: { fortnightly: 1 } }, 'config.retain'],
    [{ pruneIntervalDays: 'weekly' }, 'config.pruneIntervalDays'],
    [{ cacheCapacity: 1, moverAffinity: 2 }, 'config.cacheCapacity'],
    [{ cacheCapacity: 1, moverAffinity: 2 }, 'config.moverAffinity'],
  ])('refuses %j and names %s', (raw, text) => {
    expect(parseVolSyncConfig(raw)).toEqual({ problem: expect.stringContaining(text) });
  });

  it("accepts VolSync's settings for the history, without effect, and explains that", () => {
    const history = { retain: { daily: 7, within: '3h30m' }, pruneIntervalDays: 7 };
    expect(parseVolSyncConfig(history)).toEqual({
      ...parseVolSyncConfig({}),
      notes: [
        'config.retain has no effect: a snapshot is kept as long as the Velero backup that it belongs to',
        'config.pruneIntervalDays has no effect: spec.repositories.pruneIntervalSeconds determines when a repository is pruned',
      ],
    });
  });
});

describe('the VolSync object of a request', () => {
  it('does not unlock, which would retry an unreachable address for 15 minutes without output', () => {
    expect(desiredSource(request(), 'velero', access()).spec.restic).not.toHaveProperty('unlock');
  });

  it('keeps every snapshot and never prunes', () => {
    const { restic } = desiredSource(request(), 'velero', access()).spec;
    expect(restic?.retain).toEqual({ last: '2147483647' });
    expect(restic?.pruneIntervalDays).toBeGreaterThan(365);
  });

  it('passes all settings on, and guesses none', () => {
    const config = {
      cacheCapacity: '5Gi',
      cacheStorageClassName: 'cheap',
      cacheAccessModes: ['ReadWriteMany'],
      moverSecurityContext: { runAsUser: 1 },
      moverServiceAccount: 'mover',
      moverResources: { limits: { memory: '1Gi' } },
      moverAffinity: { nodeAffinity: {} },
    };
    expect(desiredSource(request(config), 'velero', access()).spec.restic).toMatchObject(config);
    expect(desiredDestination(request(config), 'velero', access()).spec.restic).toMatchObject(config);
  });

  it('uses the storage class of the staging volume for the cache by default', () => {
    expect(desiredSource(request(), 'velero', access()).spec.restic?.cacheStorageClassName).toBe('fast');
    const unnamed = { ...request(), storageClassName: undefined };
    expect(desiredSource(unnamed, 'velero', access()).spec.restic).not.toHaveProperty(
      'cacheStorageClassName',
    );
  });

  it('trusts a private authority when the secret has one', () => {
    const { restic } = desiredSource(request(), 'velero', access('RESTIC_CUSTOM_CA')).spec;
    expect(restic?.customCA).toEqual({ secretName: 'dmr-1', key: 'RESTIC_CUSTOM_CA' });
    expect(desiredSource(request(), 'velero', access('RESTIC_PASSWORD')).spec.restic).not.toHaveProperty(
      'customCA',
    );
  });

  it.each([
    ['2026-01-01T10:00:00.900Z', '2026-01-01T10:00:00Z'],
    ['2026-01-01T10:00:00Z', '2026-01-01T10:00:00Z'],
    ['2026-01-01T12:00:00+02:00', '2026-01-01T10:00:00Z'],
  ])('restores as of %s, which is %s to the second', (snapshotTime, restoreAsOf) => {
    const destination = desiredDestination({ ...request(), snapshotTime }, 'velero', access());
    expect(destination.spec.restic?.restoreAsOf).toBe(restoreAsOf);
  });

  it('restores the newest snapshot when the record has no time; which one it was is checked afterwards', () => {
    const destination = desiredDestination({ ...request(), snapshotTime: undefined }, 'velero', access());
    expect(destination.spec.restic).not.toHaveProperty('restoreAsOf');
  });

  it('is named and marked after the request', () => {
    const metadata = { name: 'dmr-1', namespace: 'velero', labels: { l: '1' }, annotations: { a: '2' } };
    expect(desiredSource(request(), 'velero', access()).metadata).toEqual(metadata);
    expect(desiredDestination(request(), 'velero', access()).metadata).toEqual(metadata);
    const through = { ...access(), location: 'archive' };
    for (const made of [
      desiredSource(request(), 'velero', through),
      desiredDestination(request(), 'velero', through),
    ]) {
      expect(locationOf(made)).toBe('archive');
      expect(made.metadata.annotations).toMatchObject(metadata.annotations);
    }
    expect(desiredSecret(request(), 'velero', { K: 'dg==' })).toMatchObject({
      metadata,
      immutable: true,
      data: { K: 'dg==' },
    });
  });
});

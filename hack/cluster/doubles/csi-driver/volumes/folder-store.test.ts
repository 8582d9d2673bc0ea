import { execFileSync } from 'node:child_process';
import {
  link,
  mkdtemp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FolderStore } from './folder-store.ts';

describe('FolderStore', () => {
  let root: string;
  let now: number;
  let store: FolderStore;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'folder-store-'));
    now = Date.parse('2026-01-02T03:04:05.678Z');
    store = new FolderStore(root, () => now);
    await store.open();
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const createVolume = (name = 'pvc-1') => store.createVolume({ name, capacityBytes: 1024 });

  it('creates an empty folder that every user may write to', async () => {
    const volume = await createVolume();
    const folder = await stat(store.volumePath(volume.id));
    expect(folder.mode & 0o777).toBe(0o777);
    expect(await readdir(store.volumePath(volume.id))).toEqual([]);
    expect(await store.getVolume(volume.id)).toEqual(volume);
  });

  it('returns the same volume with its contents for the same name', async () => {
    const volume = await createVolume();
    await writeFile(join(store.volumePath(volume.id), 'kept'), 'x');
    expect(await createVolume()).toEqual(volume);
    expect(await readdir(store.volumePath(volume.id))).toEqual(['kept']);
  });

  it('cuts a snapshot that later writes do not reach, and copies it into a new volume', async () => {
    const volume = await createVolume();
    const file = join(store.volumePath(volume.id), 'file');
    await writeFile(file, 'before');
    const snapshot = await store.createSnapshot({ name: 's', sourceVolumeId: volume.id });
    await writeFile(file, 'after');
    const copy = await store.createVolume({
      name: 'copy',
      capacityBytes: 1024,
      source: { snapshotId: snapshot.id },
    });
    expect(await readFile(join(store.volumePath(copy.id), 'file'), 'utf8')).toBe('before');
    expect(snapshot).toMatchObject({
      sizeBytes: 1024,
      sourceVolumeId: volume.id,
      createdAt: '2026-01-02T03:04:05.678Z',
    });
  });

  it('keeps hard links, symbolic links, modes, owners, attributes, holes and odd names', async () => {
    const volume = await createVolume();
    const folder = store.volumePath(volume.id);
    const odd = 'odd \n "name" ü';
    await writeFile(join(folder, odd), 'odd', { mode: 0o640 });
    await link(join(folder, odd), join(folder, 'hard'));
    await symlink('nowhere', join(folder, 'soft'));
    await writeFile(join(folder, 'sparse'), '');
    await truncate(join(folder, 'sparse'), 64 << 20);
    await mkdir(join(folder, 'dir'), { mode: 0o1750 });
    const asRoot = process.getuid?.() === 0;
    if (asRoot) execFileSync('chown', ['1234:4321', join(folder, 'dir')]);

    const copy = await store.createVolume({
      name: 'clone',
      capacityBytes: 1024,
      source: { volumeId: volume.id },
    });
    const target = store.volumePath(copy.id);
    const [first, second, sparse, dir] = await Promise.all(
      [odd, 'hard', 'sparse', 'dir'].map((name) => stat(join(target, name))),
    );
    expect(first?.ino).toBe(second?.ino);
    expect((first?.mode ?? 0) & 0o777).toBe(0o640);
    expect(sparse?.size).toBe(64 << 20);
    expect(sparse?.blocks).toBeLessThan(100);
    expect(await readdir(target)).toContain('soft');
    if (asRoot) expect([dir?.uid, dir?.gid]).toEqual([1234, 4321]);
  });

  it('reports a snapshot as ready only after the requested delay', async () => {
    const { id } = await createVolume();
    const snapshot = await store.createSnapshot({ name: 's', sourceVolumeId: id, readyDelayMs: 5000 });
    expect(store.isReady(snapshot)).toBe(false);
    now += 5000;
    expect(store.isReady(snapshot)).toBe(true);
  });

  it('creates one snapshot for two concurrent calls with the same name', async () => {
    const { id } = await createVolume();
    const both = await Promise.all([
      store.createSnapshot({ name: 's', sourceVolumeId: id }),
      store.createSnapshot({ name: 's', sourceVolumeId: id }),
    ]);
    expect(both[0]).toEqual(both[1]);
    expect(await store.listSnapshots()).toHaveLength(1);
  });

  it('refuses the same snapshot name for another volume', async () => {
    const [first, second] = [await createVolume('a'), await createVolume('b')];
    await store.createSnapshot({ name: 's', sourceVolumeId: first.id });
    await expect(store.createSnapshot({ name: 's', sourceVolumeId: second.id })).rejects.toThrow(
      /exists already/,
    );
  });

  it('leaves nothing behind when a source is missing', async () => {
    const create = store.createVolume({ name: 'x', capacityBytes: 1, source: { snapshotId: 'snap-none' } });
    await expect(create).rejects.toThrow('there is no snapshot snap-none to copy from');
    expect(await readdir(join(root, 'volumes'))).toEqual([]);
  });

  it('keeps a snapshot when its volume is deleted, and deletes twice without complaint', async () => {
    const { id } = await createVolume();
    const snapshot = await store.createSnapshot({ name: 's', sourceVolumeId: id });
    await store.deleteVolume(id);
    await store.deleteVolume(id);
    expect(await store.getVolume(id)).toBeUndefined();
    expect(await store.getSnapshot(snapshot.id)).toEqual(snapshot);
  });

  it('refuses handles that lead out of its folder', async () => {
    await expect(store.deleteVolume('../../etc')).rejects.toThrow(/no handle/);
    await expect(store.deleteVolume('')).rejects.toThrow(/no handle/);
  });

  it('removes half-built folders of an interrupted run', async () => {
    await mkdir(join(root, 'snapshots', '.tmp-abc', 'data'), { recursive: true });
    await store.open();
    expect(await readdir(join(root, 'snapshots'))).toEqual([]);
  });
});

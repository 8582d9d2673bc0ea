import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { alreadyExists, invalidArgument, notFound } from '../grpc/rpc-error.ts';
import { copyTree } from './copy-tree.ts';
import { runCommand } from './run-command.ts';

/** One volume: a folder on the node. */
export interface VolumeRecord {
  id: string;
  name: string;
  capacityBytes: number;
}

/** One snapshot: a full copy of a volume's folder, taken when it was requested. */
export interface SnapshotRecord {
  id: string;
  name: string;
  sourceVolumeId: string;
  /** The capacity of the source volume, which is the minimum for a volume created from it. */
  sizeBytes: number;
  /** RFC 3339, milliseconds: when the copy began. */
  createdAt: string;
  /** RFC 3339, milliseconds: when it becomes ready to use. */
  readyAt: string;
}

export interface CreateVolume {
  /** Creating the same name again returns the same volume. */
  name: string;
  capacityBytes: number;
  /** Size at which it is full. Absent: when the disk is full. */
  holdsMiB?: number | undefined;
  /** The source of the contents; absent for an empty volume. */
  source?: { snapshotId: string } | { volumeId: string };
}

export interface CreateSnapshot {
  /** Creating the same name again returns the same snapshot. */
  name: string;
  sourceVolumeId: string;
  /** How long the finished snapshot reports that it is not ready yet. */
  readyDelayMs?: number;
}

type Shelf = 'volumes' | 'snapshots';

/** Handles derive from names, so every create can be repeated after a crash. */
const handleOf = (prefix: string, name: string): string =>
  `${prefix}-${createHash('sha256').update(name).digest('hex').slice(0, 20)}`;

/**
 * Stores volumes and snapshots as folders below one data folder: `<shelf>/<id>/data` is the content, `<shelf>/<id>/meta.json` the
 * record. Each is created under a temporary name and renamed, so that an existing folder is complete.
 */
export class FolderStore {
  readonly #root: string;
  readonly #now: () => number;
  /** Running creates, by path. A repeated call joins the running one. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(root: string, now: () => number = Date.now) {
    this.#root = root;
    this.#now = now;
  }

  /** Creates the folders and removes incomplete volumes and snapshots of an interrupted run. */
  async open(): Promise<void> {
    for (const shelf of ['volumes', 'snapshots'] as const) {
      const folder = join(this.#root, shelf);
      await mkdir(folder, { recursive: true });
      for (const entry of await readdir(folder)) {
        if (entry.startsWith('.tmp-')) await discard(join(folder, entry));
      }
    }
  }

  /** Returns the folder that pods mount. */
  volumePath(id: string): string {
    return join(this.#pathOf('volumes', id), 'data');
  }

  getVolume(id: string): Promise<VolumeRecord | undefined> {
    return this.#read<VolumeRecord>('volumes', id);
  }

  getSnapshot(id: string): Promise<SnapshotRecord | undefined> {
    return this.#read<SnapshotRecord>('snapshots', id);
  }

  /** Returns true if the snapshot's ready time has passed. */
  isReady(snapshot: SnapshotRecord): boolean {
    return Date.parse(snapshot.readyAt) <= this.#now();
  }

  /** Returns all snapshots, sorted by id. */
  async listSnapshots(): Promise<SnapshotRecord[]> {
    const ids = (await readdir(join(this.#root, 'snapshots'))).filter((entry) => !entry.startsWith('.'));
    const records = await Promise.all(ids.sort().map((id) => this.getSnapshot(id)));
    return records.filter((record) => record !== undefined);
  }

  async createVolume({ name, capacityBytes, holdsMiB, source }: CreateVolume): Promise<VolumeRecord> {
    const id = handleOf('vol', name);
    return this.#once('volumes', id, async (data) => {
      if (source === undefined) {
        await mkdir(data);
        if (holdsMiB !== undefined) await limit(data, holdsMiB);
        // Accessible to every user, as hostpath volumes are; the umask would restrict mkdir's mode.
        await chmod(data, 0o777);
      } else {
        await copyTree(await this.#sourcePath(source), data);
      }
      return { id, name, capacityBytes };
    });
  }

  async createSnapshot({ name, sourceVolumeId, readyDelayMs = 0 }: CreateSnapshot): Promise<SnapshotRecord> {
    const id = handleOf('snap', name);
    const record = await this.#once<SnapshotRecord>('snapshots', id, async (data) => {
      const source = await this.getVolume(sourceVolumeId);
      if (source === undefined) throw notFound(`there is no volume ${sourceVolumeId} to take a snapshot of`);
      const cutAt = this.#now();
      await copyTree(this.volumePath(sourceVolumeId), data);
      return {
        id,
        name,
        sourceVolumeId,
        sizeBytes: source.capacityBytes,
        createdAt: new Date(cutAt).toISOString(),
        readyAt: new Date(this.#now() + readyDelayMs).toISOString(),
      };
    });
    if (record.sourceVolumeId !== sourceVolumeId) {
      throw alreadyExists(`snapshot ${name} exists already, of volume ${record.sourceVolumeId}`);
    }
    return record;
  }

  /** Succeeds if the volume does not exist. */
  async deleteVolume(id: string): Promise<void> {
    await this.#remove('volumes', id);
  }

  /** Succeeds if the snapshot does not exist. */
  async deleteSnapshot(id: string): Promise<void> {
    await this.#remove('snapshots', id);
  }

  async #sourcePath(source: NonNullable<CreateVolume['source']>): Promise<string> {
    const [shelf, id] =
      'snapshotId' in source
        ? (['snapshots', source.snapshotId] as const)
        : (['volumes', source.volumeId] as const);
    const path = join(this.#pathOf(shelf, id), 'data');
    await access(path).catch(() => {
      throw notFound(`there is no ${shelf === 'snapshots' ? 'snapshot' : 'volume'} ${id} to copy from`);
    });
    return path;
  }

  /** Creates `<shelf>/<id>` unless it exists or is being created. */
  #once<Record extends { id: string }>(
    shelf: Shelf,
    id: string,
    build: (data: string) => Promise<Record>,
  ): Promise<Record> {
    const path = this.#pathOf(shelf, id);
    const running = this.#underWay.get(path);
    if (running !== undefined) return running as Promise<Record>;
    const work = this.#build(shelf, id, build).finally(() => this.#underWay.delete(path));
    this.#underWay.set(path, work);
    return work;
  }

  async #build<Record extends { id: string }>(
    shelf: Shelf,
    id: string,
    build: (data: string) => Promise<Record>,
  ): Promise<Record> {
    const existing = await this.#read<Record>(shelf, id);
    if (existing !== undefined) return existing;
    const temporary = await mkdtemp(join(this.#root, shelf, '.tmp-'));
    try {
      await chmod(temporary, 0o755);
      const record = await build(join(temporary, 'data'));
      await writeFile(join(temporary, 'meta.json'), JSON.stringify(record));
      await rename(temporary, this.#pathOf(shelf, id));
      return record;
    } catch (error) {
      await discard(temporary);
      throw error;
    }
  }

  async #read<Record>(shelf: Shelf, id: string): Promise<Record | undefined> {
    const file = join(this.#pathOf(shelf, id), 'meta.json');
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    return text === undefined ? undefined : (JSON.parse(text) as Record);
  }

  async #remove(shelf: Shelf, id: string): Promise<void> {
    const path = this.#pathOf(shelf, id);
    await this.#underWay.get(path)?.catch(() => undefined);
    await discard(path);
  }

  #pathOf(shelf: Shelf, id: string): string {
    // Handles come from the cluster: a static PV may contain any text, which must not lead out of the data folder.
    if (!/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(id))
      throw invalidArgument(`${JSON.stringify(id)} is no handle of this driver`);
    return join(this.#root, shelf, id);
  }
}

/** Mounts a separate file system of limited size on a folder. Needs root. */
async function limit(data: string, mib: number): Promise<void> {
  await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${String(mib)}m`, 'datamover-volume', data]);
}

async function discard(path: string): Promise<void> {
  const data = join(path, 'data');
  const [own, parent] = await Promise.all([data, path].map((each) => stat(each).catch(() => undefined)));
  if (own !== undefined && own.dev !== parent?.dev) await runCommand('umount', [data]);
  await rm(path, { recursive: true, force: true });
}

import { createHash } from 'node:crypto';
import { persistentVolumeClaims, secrets } from '../../../api/kubernetes/core.ts';
import type { Entry, Manifest } from '../../../testing/manifest/manifest.ts';
import { FakeKube } from '../fake-kube.ts';
import { LEAF } from '../../../testing/conformance/contents.ts';
import type { MoverUnderTest } from '../../../testing/conformance/subject.ts';
import type { Volumes } from '../../../testing/conformance/volumes.ts';
import { runEngine } from './engine.ts';
import type { MoverFault } from './faults.ts';
import { memoryMover } from './mover.ts';
import type { EngineFault, Store } from './repositories.ts';

/** The only file of each volume. */
const PATH = `./${LEAF}`;

const NAMESPACE = 'protected';
const PASSWORD = 'p4ssw0rd-of-the-memory';
const WRONG = 'a-password-that-was-forgotten';

/** Returns the memory mover in a cluster of its own, correct or with one fault. */
export function memoryUnderTest(faults: { mover?: MoverFault; engine?: EngineFault } = {}): MoverUnderTest {
  const kube = new FakeKube();
  const store: Store = { volumes: new Map(), repositories: new Map() };
  runEngine(kube, store, faults.engine);
  for (const [name, password] of [
    ['right', PASSWORD],
    ['wrong', WRONG],
  ] as const)
    kube.seed(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: NAMESPACE, name },
      stringData: { password },
    });
  return {
    install: memoryMover(faults.mover),
    client: kube.client(),
    namespace: NAMESPACE,
    config: { secret: 'right' },
    slowConfig: { secret: 'right', isSlow: true },
    volumes: memoryVolumes(kube, store),
    unusable: [
      {
        title: 'a wrong password',
        config: { secret: 'wrong' },
        reasons: ['WrongPassword'],
        needsRepository: true,
      },
      { title: 'no secret', config: { secret: 'none' }, reasons: ['SecretNotFound'] },
    ],
    secretValues: [PASSWORD, WRONG],
    snapshotsIn: (path) =>
      Promise.resolve((store.repositories.get(path)?.snapshots ?? []).map(({ id }) => id)),
    // Long enough for a busy machine; shorter for a mover whose result never arrives.
    limitMs: faults.mover === 'never requeues the request' ? 1_000 : 60_000,
  };
}

/** Returns the volumes for the conformance suite. No shell runs here: the text of a script becomes the content of one file. */
function memoryVolumes(kube: FakeKube, { volumes }: Store): Volumes {
  const client = kube.client();
  return {
    make: async (name) => {
      volumes.set(name, new Map());
      await client.create(persistentVolumeClaims, {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { namespace: NAMESPACE, name },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      });
    },
    change: async (name, script) => {
      const former = volumes.get(name)?.get(PATH)?.sha256 ?? '';
      const sha256 = createHash('sha256').update(former).update(script).digest('hex');
      volumes.set(name, new Map([[PATH, fileOf(sha256)]]));
    },
    read: (name) => Promise.resolve(volumes.get(name) ?? (new Map() as Manifest)),
    remove: async (name) => {
      volumes.delete(name);
      await client.delete(persistentVolumeClaims, { namespace: NAMESPACE, name });
    },
  };
}

function fileOf(sha256: string): Entry {
  const owner = { mode: '0600', uid: 0, gid: 0 };
  return { path: PATH, type: 'file', ...owner, size: 1, mtime: '0', allocated: 512, sha256 };
}

import { persistentVolumeClaims, pods, type Pod } from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { compare } from '../manifest/compare.ts';
import { manifestScript, parseManifest, type Manifest } from '../manifest/manifest.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { eventually } from './wait.ts';

/** Volumes of claims in the namespace of the suite. */
export interface Volumes {
  /** Creates an empty volume. */
  make(claim: string): Promise<void>;
  /** Runs a shell script in its root folder, as root. */
  change(claim: string, script: string): Promise<void>;
  /** Returns every entry with all attributes that a backup must preserve. */
  read(claim: string): Promise<Manifest>;
  /** Deletes it. Rejects if it is still in use after three minutes. */
  remove(claim: string): Promise<void>;
}

/** Mount path in the pods. */
const MOUNT = '/data';

/** Where volumes are created, and the pods that access them. */
export interface PodVolumesOptions {
  client: KubeClient;
  /** The namespace of the suite. */
  namespace: string;
  /** Image with a shell and the programs of busybox. */
  image: string;
  /** StorageClass of the volumes. */
  storageClassName: string;
  /** Default: 1Gi. */
  size?: string;
}

/** Creates volumes of a StorageClass and accesses them with pods that run one script each. */
export function podVolumes(options: PodVolumesOptions): Volumes {
  const { client, namespace, image, storageClassName, size = '1Gi' } = options;
  let count = 0;

  async function run(claim: string, script: string): Promise<string> {
    const key = { namespace, name: `${claim}-pod-${++count}` };
    await client.create(pods, scriptPod({ ...key, claim, image, script }));
    const pod = await eventually(`pod ${key.name} to end`, async () => {
      const found = await client.get(pods, key);
      return found?.status?.phase === 'Succeeded' || found?.status?.phase === 'Failed' ? found : undefined;
    });
    const lines: string[] = [];
    for await (const line of client.podLog(key)) lines.push(line);
    if (pod.status?.phase !== 'Succeeded') throw new Error(`pod ${key.name} failed: ${lines.join('\n')}`);
    await client.delete(pods, key, { gracePeriodSeconds: 0 });
    await gone(client, pods, key);
    return lines.join('\n');
  }

  return {
    make: async (claim) => {
      await client.create(persistentVolumeClaims, {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { namespace, name: claim },
        spec: {
          storageClassName,
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: size } },
        },
      });
    },
    change: async (claim, script) => {
      await run(claim, `cd ${MOUNT}\n${script}\nsync`);
    },
    read: async (claim) => parseManifest(await run(claim, manifestScript(MOUNT))),
    remove: async (claim) => {
      const key = { namespace, name: claim };
      await client.delete(persistentVolumeClaims, key);
      await gone(client, persistentVolumeClaims, key);
    },
  };
}

interface ScriptPod {
  namespace: string;
  name: string;
  claim: string;
  image: string;
  script: string;
}

function scriptPod({ namespace, name, claim, image, script }: ScriptPod): Pod {
  const container = {
    name: 'script',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-euc', script],
    volumeMounts: [{ name: 'data', mountPath: MOUNT }],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [container],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
    } as Pod['spec'],
  };
}

async function gone(
  client: KubeClient,
  kind: Kind<Resource>,
  key: { namespace: string; name: string },
): Promise<void> {
  await eventually(`the deletion of ${kind.kind} ${key.name}`, async () =>
    (await client.get(kind, key)) === undefined ? true : undefined,
  );
}

/** @throws Error that names the entries that differ. */
export function assertSame(before: Manifest, after: Manifest, what: string): void {
  const { differences } = compare(before, after);
  if (differences.length === 0) return;
  const shown = differences.slice(0, 20).join('\n');
  throw new Error(`${what} differs in ${differences.length} entries:\n${shown}`);
}

import { persistentVolumeClaims, pods, type Pod } from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { compare } from '../manifest/compare.ts';
import { manifestScript, parseManifest, type Manifest } from '../manifest/manifest.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { eventually } from './wait.ts';

/** Volumes behind claims in the namespace of the suite. */
export interface Volumes {
  /** Makes an empty one. */
  make(claim: string): Promise<void>;
  /** Runs a shell script in its root folder, as root. */
  change(claim: string, script: string): Promise<void>;
  /** Every entry with all that a backup must keep. */
  read(claim: string): Promise<Manifest>;
  /** Removes it. Rejects when somebody still uses it after a while. */
  remove(claim: string): Promise<void>;
}

/** Where the pods see the volume. */
const MOUNT = '/data';

/** Where volumes are, and what looks at them. */
export interface PodVolumesOptions {
  client: KubeClient;
  /** That of the suite. */
  namespace: string;
  /** With a shell and the programs of busybox. */
  image: string;
  /** Of the volumes. */
  storageClassName: string;
  /** Default: 1Gi. */
  size?: string;
}

/** Volumes of a StorageClass, used by pods that run one script each. */
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
  await eventually(`${kind.kind} ${key.name} to go`, async () =>
    (await client.get(kind, key)) === undefined ? true : undefined,
  );
}

/** @throws Error that names the entries in which a volume is not what it should be. */
export function assertSame(before: Manifest, after: Manifest, what: string): void {
  const { differences } = compare(before, after);
  if (differences.length === 0) return;
  const shown = differences.slice(0, 20).join('\n');
  throw new Error(`${what} differs in ${differences.length} entries:\n${shown}`);
}

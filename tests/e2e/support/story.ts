import { namespaces } from '../../../api/kubernetes/core.ts';
import { apiVersionOf } from '../../../api/kubernetes/meta.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses } from '../../../api/datamover/v1alpha1/kinds.ts';
import { connect, type TestCluster } from './cluster.ts';
import { untilGone } from './wait.ts';

/** One user story: the shared cluster, unique names, and a cleanup that leaves nothing behind. */
export interface Story extends TestCluster {
  /** Returns a name that no other story and no other run has. */
  unique(name: string): string;
  /** Creates an empty namespace. */
  makeNamespace(name: string): Promise<string>;
  /** Deletes a namespace with everything in it. */
  loseNamespace(name: string): Promise<void>;
  /** Creates a class of the VolSync mover. */
  makeClass(name: string, spec?: ClassOptions): Promise<string>;
  /** Creates a cluster-scoped object, or one in the protected namespace, which is deleted at the end. */
  make(object: Made): Promise<void>;
  /** Registers a cleanup for objects that others create, such as retained volumes. */
  atEnd(cleanup: () => Promise<unknown>): void;
  end(): Promise<void>;
}

export interface ClassOptions {
  mover?: string;
  installation?: string;
  selector?: string;
  limits?: { backups?: number; restores?: number; backupsPerNode?: number };
  config?: Record<string, unknown>;
  deadlines?: Record<string, number>;
  verify?: 'Metadata' | 'Data';
  capture?: 'Snapshot' | 'Live' | 'SnapshotOrLive';
  storageClasses?: Record<string, object>;
  repositories?: { pruneIntervalSeconds?: number };
}

interface Made {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

export async function openStory(title: string): Promise<Story> {
  const test = await connect();
  const run = Date.now().toString(36).slice(-6);
  const cleanups: (() => Promise<unknown>)[] = [];
  const unique = (name: string): string => `e2e-${title}-${name}-${run}`;

  async function makeNamespace(name: string): Promise<string> {
    const full = unique(name);
    await test.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: full } });
    cleanups.push(() => test.kube.delete(namespaces, { name: full }));
    return full;
  }

  async function make(object: Made): Promise<void> {
    await test.apply(object);
    const { name, namespace } = object.metadata;
    const where = namespace === undefined ? [] : ['--namespace', namespace];
    const group = object.apiVersion.includes('/') ? `.${object.apiVersion.split('/')[0]!}` : '';
    const args = ['delete', `${object.kind.toLowerCase()}${group}`, name, ...where];
    // The last requests that use it may not have ended yet.
    if (object.kind === dataMoverClasses.kind) args.push('--force');
    cleanups.push(() => test.kubectl([...args, '--ignore-not-found', '--wait=false']));
  }

  return {
    ...test,
    unique,
    makeNamespace,
    make,
    loseNamespace: async (name) => {
      // Kubernetes takes twice as long for a namespace in which pods are still terminating.
      const now = ['--all', '--now', '--namespace', name];
      await test.kubectl(['delete', 'pods', ...now]);
      await test.kube.delete(namespaces, { name });
      await untilGone(test.kube, namespaces, { name });
    },
    makeClass: async (name, { config, ...spec } = {}) => {
      const full = unique(name);
      // No image is pulled here: both movers start Jobs with the image that the cluster already has.
      const own = { resticSecret: { name: 'restic-config' }, resticImage: test.cluster.images.volsyncRestic };
      await make({
        apiVersion: apiVersionOf(dataMoverClasses),
        kind: dataMoverClasses.kind,
        metadata: { name: full },
        ...{ spec: { mover: 'VolSync', ...spec, config: { ...own, ...config } } },
      });
      return full;
    },
    atEnd: (cleanup) => {
      cleanups.push(cleanup);
    },
    end: async () => {
      // A previous restore may have created namespaces with these names again.
      await Promise.allSettled(cleanups.reverse().map((cleanup) => cleanup()));
      await test.close();
    },
  };
}

/** On a PVC: selects a class by name. */
export const askForClass = (name: string): Record<string, string> => ({ [annotations.className]: name });

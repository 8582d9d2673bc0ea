import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { createContext } from '../../../hack/cluster/component.ts';
import { importImages } from '../../../hack/cluster/components/containerd.ts';
import { run } from '../../../hack/cluster/exec.ts';
import { archive, entriesBelow, type Image } from '../../../hack/cluster/image-archive.ts';
import { folder, layerWith } from '../../../hack/cluster/images.ts';
import { silentProgress } from '../../../hack/cluster/progress.ts';
import { findProgram } from '../../../hack/cluster/needs.ts';
import type { Cluster } from '../../../hack/cluster/index.ts';
import { ensurePackages, ZSTD } from '../../../hack/cluster/packages.ts';
import type { TarEntry } from '../../../hack/cluster/tar.ts';
import type { Story } from './story.ts';
import { packPackage } from '../../../hack/packaging/npm-package.ts';

/** The example of a vendor's mover as a vendor has it: in a clean folder, with our package installed from its archive. */
export interface VendorPackage {
  readonly folder: string;
  /** Runs npm in the folder. @returns its output @throws CommandError */
  npm(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>;
  remove(): void;
}

const EXAMPLE = join(import.meta.dirname, '../../../examples/vendor-mover');
/** The files of the repository; the folder may also contain files of a local installation. */
const FILES = ['package.json', 'tsconfig.json', 'src', 'test', 'conformance', 'image', 'deploy'];

export async function installVendorPackage(): Promise<VendorPackage> {
  await ensurePackages(silentProgress, [ZSTD], 'the tests of the example cannot run here');
  const own = mkdtempSync(join(tmpdir(), 'vendor-mover-'));
  for (const file of FILES) cpSync(join(EXAMPLE, file), join(own, file), { recursive: true });
  // npm and its scripts run with the Node.js of this process.
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, NODE_OPTIONS: '' };
  const npm: VendorPackage['npm'] = (args, more) => run('npm', args, { cwd: own, env: { ...env, ...more } });
  const quick = ['--omit=optional', '--prefer-offline', '--no-audit', '--no-fund'];
  await npm(['install', ...quick, await packPackage(own)]);
  return { folder: own, npm, remove: () => rmSync(own, { recursive: true, force: true }) };
}

const CONTROLLER = 'datamover.local/archive-mover:1';
const ENGINE = 'datamover.local/archive-mover-engine:1';

/** Builds the images of both Containerfiles from files of this machine, because the cluster has no access to a registry. */
export async function importVendorImages({ config }: Cluster, vendor: VendorPackage): Promise<void> {
  await vendor.npm(['prune', '--omit=dev', '--omit=optional']);
  const at = (path: string): string => join(vendor.folder, path);
  const below = (name: string): TarEntry[] =>
    entriesBelow(at(name)).map((entry) => ({ ...entry, path: `app/${name}/${entry.path}` }));
  const controller: Image = {
    reference: CONTROLLER,
    layer: [
      ...(await layerWith(process.execPath)),
      ...['app', 'app/src', 'app/node_modules'].map((path) => folder(path)),
      { path: 'app/package.json', mode: 0o644, from: at('package.json') },
      ...below('src'),
      ...below('node_modules'),
    ],
    config: { WorkingDir: '/app', User: '65532:65532', Entrypoint: ['node', 'src/main.ts'] },
  };
  const engine: Image = {
    reference: ENGINE,
    layer: [
      ...(await layerWith(...['bash', 'rclone', 'tar', 'zstd'].map((name) => findProgram(name) ?? name))),
      // Debian's busybox uses its own tar, even if another one is installed.
      { path: 'bin/sh', linkTo: '/usr/local/bin/bash' },
      { path: 'usr/local/bin/archive.sh', mode: 0o755, from: at('image/archive.sh') },
    ],
    config: { Entrypoint: ['/usr/local/bin/archive.sh'] },
  };
  const archives = [controller, engine].map((image) => archive(vendor.folder, image));
  await importImages(createContext(config), archives, () => undefined);
}

/**
 * Runs the conformance suite of our package against the example's mover, in a namespace of its own. @returns the output of the
 * tests
 */
export async function tryConformance(story: Story, vendor: VendorPackage): Promise<string> {
  const { cluster } = story;
  const { s3 } = cluster;
  const namespace = await story.makeNamespace('conformance');
  const secret = (name: string, key: string): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name },
    stringData: { AWS_ACCESS_KEY_ID: s3.accessKey, AWS_SECRET_ACCESS_KEY: key },
  });
  await story.apply(secret('archive-mover', s3.secretKey), secret('wrong-key', 'a-key-that-was-withdrawn'));
  return vendor.npm(['run', 'conformance'], {
    KUBECONFIG: cluster.kubeconfig,
    NO_PROXY: '*',
    NAMESPACE: namespace,
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET: s3.buckets.datamover,
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    STORAGE_CLASS: 'csi-test',
    ENGINE_IMAGE: ENGINE,
    POD_IMAGE: cluster.images.busybox,
  });
}

/** Creates the folder of an overlay over its manifests, with the images, the server and the keys of this cluster. */
export function overlayOf({ s3, namespace }: Cluster, vendor: VendorPackage): string {
  const overlay = join(vendor.folder, 'overlay');
  mkdirSync(overlay);
  const secret = { stringData: { AWS_ACCESS_KEY_ID: s3.accessKey, AWS_SECRET_ACCESS_KEY: s3.secretKey } };
  const config = { endpoint: s3.endpoint, bucket: s3.buckets.datamover, region: s3.region, image: ENGINE };
  const kustomization = {
    namespace,
    resources: ['../deploy'],
    images: [{ name: 'registry.example.com/archive-mover', newName: CONTROLLER.split(':')[0], newTag: '1' }],
    patches: [
      {
        patch: stringify({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'archive-mover', namespace: 'velero' },
          ...secret,
        }),
      },
      {
        patch: stringify({
          apiVersion: 'oadp.openshift.io/v1alpha1',
          kind: 'DataMoverClass',
          metadata: { name: 'archive' },
          spec: { config },
        }),
      },
    ],
  };
  writeFileSync(join(overlay, 'kustomization.yaml'), stringify(kustomization));
  return overlay;
}

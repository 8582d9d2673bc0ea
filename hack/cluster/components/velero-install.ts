import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../exec.ts';
import { sha256 } from '../image-archive.ts';
import type { Context } from '../component.ts';
import type { ClusterConfig } from '../config.ts';
import type { VeleroImages } from './velero-images.ts';

/** An object in the output of Velero's installer. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: object;
}

/** Returns the objects that `velero install` would create in the cluster. */
export async function veleroManifests(context: Context, images: VeleroImages): Promise<Manifest[]> {
  const { config, program } = context;
  const printed = await run(program('velero'), installArgs(config, images), {
    // Ignores the user's settings for other clusters.
    env: { HOME: config.paths.velero, KUBECONFIG: config.paths.kubeconfig, NO_PROXY: '*' },
  });
  return (JSON.parse(printed) as { items: Manifest[] }).items.map(withServerFlags);
}

/** Flags of `velero server` for which the installer has no option. */
const SERVER_FLAGS = [
  // How often Velero polls the plugin about each operation. Default: 10 s.
  '--item-operation-sync-frequency=4s',
];

interface ServerSpec {
  readonly template: { readonly spec: { readonly containers: readonly { readonly args: string[] }[] } };
}

function withServerFlags(manifest: Manifest): Manifest {
  if (manifest.kind !== 'Deployment') return manifest;
  const spec = manifest.spec as ServerSpec;
  const { template } = spec;
  const containers = template.spec.containers.map((one) => ({
    ...one,
    args: [...one.args, ...SERVER_FLAGS],
  }));
  return {
    ...manifest,
    spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } },
  };
}

function installArgs(config: ClusterConfig, { velero, plugins }: VeleroImages): string[] {
  const { s3, namespace, veleroFeatures } = config;
  const location = { region: s3.region, s3ForcePathStyle: 'true', s3Url: s3.endpoint };
  // Rebuilt images keep their tags; this hash rolls the pod when their contents change.
  const contents = sha256([velero, ...plugins].map(({ hash }) => hash).join()).slice(0, 12);
  return [
    ...['install', '--dry-run', '--output', 'json', '--namespace', namespace],
    ...['--image', velero.reference, '--plugins', plugins.map(({ reference }) => reference).join()],
    ...['--pod-annotations', `datamover.local/images=${contents}`],
    ...['--provider', 'aws', '--bucket', s3.buckets.velero, '--secret-file', credentialsFile(config)],
    ...['--backup-location-config', pairs(location), '--use-volume-snapshots=false'],
    ...['--features', veleroFeatures],
    // With the default, 1, a second backup would wait until Velero checks its queue, once a minute.
    ...['--concurrent-backups', '4'],
    // The default, an hour, is too long for tests that wait for the deletion of an expired backup.
    ...['--garbage-collection-frequency', '10s'],
  ];
}

/** Writes the credentials for the installer, in the format of the AWS SDK. */
function credentialsFile({ paths, s3 }: ClusterConfig): string {
  const file = join(paths.velero, 'credentials');
  mkdirSync(paths.velero, { recursive: true });
  const text = `[default]\naws_access_key_id=${s3.accessKey}\naws_secret_access_key=${s3.secretKey}\n`;
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

function pairs(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join();
}

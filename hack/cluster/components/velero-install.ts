import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../exec.ts';
import { sha256 } from '../image-archive.ts';
import type { Context } from '../component.ts';
import type { ClusterConfig } from '../config.ts';
import type { VeleroImages } from './velero-images.ts';

/** An object as Velero's installer prints it. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: object;
}

/** What `velero install` would make in the cluster. */
export async function veleroManifests(context: Context, images: VeleroImages): Promise<Manifest[]> {
  const { config, program } = context;
  const printed = await run(program('velero'), installArgs(config, images), {
    // Not the settings that the user has for other clusters.
    env: { HOME: config.paths.velero, KUBECONFIG: config.paths.kubeconfig, NO_PROXY: '*' },
  });
  return (JSON.parse(printed) as { items: Manifest[] }).items.map(withServerFlags);
}

/** Flags of `velero server` that its installer has no option for. */
const SERVER_FLAGS = [
  // How often it asks the plugin about each operation; its default is 10 s.
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
  // The images keep their tags when they are built again; the pod is made anew for what is in them.
  const contents = sha256([velero, ...plugins].map(({ hash }) => hash).join()).slice(0, 12);
  return [
    ...['install', '--dry-run', '--output', 'json', '--namespace', namespace],
    ...['--image', velero.reference, '--plugins', plugins.map(({ reference }) => reference).join()],
    ...['--pod-annotations', `datamover.local/images=${contents}`],
    ...['--provider', 'aws', '--bucket', s3.buckets.velero, '--secret-file', credentialsFile(config)],
    ...['--backup-location-config', pairs(location), '--use-volume-snapshots=false'],
    ...['--features', veleroFeatures],
    // One at a time, its default, would make the second wait until Velero looks at its queue, once a minute.
    ...['--concurrent-backups', '4'],
    // Its default, an hour, is longer than anybody waits for an expired backup to go.
    ...['--garbage-collection-frequency', '10s'],
  ];
}

/** Written for the installer, in the form that the AWS SDK reads. */
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

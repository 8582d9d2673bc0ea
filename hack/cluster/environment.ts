import type { ClusterConfig } from './config.ts';

/** Shell lines that make kubectl, velero and restic work with the cluster. */
export function environmentText({ paths, s3, network }: ClusterConfig): string {
  const settings = {
    KUBECONFIG: paths.kubeconfig,
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    AWS_DEFAULT_REGION: s3.region,
    DATAMOVER_S3_ENDPOINT: s3.endpoint,
  };
  const lines = Object.entries(settings).map(([name, value]) => `export ${name}=${quoted(value)}`);
  // A proxy of the machine's must not be asked for addresses that only the machine itself has.
  const direct = [network.hostIp, network.nodeIp].join(',');
  lines.push(`export NO_PROXY="${direct}\${NO_PROXY:+,$NO_PROXY}"`);
  return [...lines, `export PATH=${quoted(paths.bin)}:"$PATH"`].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

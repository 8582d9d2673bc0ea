import type { ClusterConfig } from './config.ts';

/** Returns shell commands that set up kubectl, velero and restic for the cluster. */
export function environmentText({ paths, s3, network }: ClusterConfig): string {
  const settings = {
    KUBECONFIG: paths.kubeconfig,
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    AWS_DEFAULT_REGION: s3.region,
    DATAMOVER_S3_ENDPOINT: s3.endpoint,
  };
  const lines = Object.entries(settings).map(([name, value]) => `export ${name}=${quoted(value)}`);
  // The machine's proxy cannot reach addresses that exist only on the machine itself.
  const direct = [network.hostIp, network.nodeIp].join(',');
  lines.push(`export NO_PROXY="${direct}\${NO_PROXY:+,$NO_PROXY}"`);
  return [...lines, `export PATH=${quoted(paths.bin)}:"$PATH"`].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

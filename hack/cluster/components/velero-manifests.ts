import type { ClusterConfig, S3Config } from '../config.ts';

/** What `velero install` would create for a server that runs outside the cluster. */
export function veleroManifests(config: ClusterConfig): unknown {
  const { namespace } = config;
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [...access(namespace), placeholder(namespace), credentials(config)],
  };
}

function access(namespace: string): unknown[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'velero' } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'velero' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', namespace, name: 'velero' }],
    },
  ];
}

/** Velero's restore actions read the server's image and settings from its Deployment, which must therefore exist. */
function placeholder(namespace: string): unknown {
  const labels = { component: 'velero', deploy: 'velero' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name: 'velero', labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: { deploy: 'velero' } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'velero',
          containers: [{ name: 'velero', image: 'velero/velero:outside-the-cluster', command: ['/velero'] }],
        },
      },
    },
  };
}

/** A credentials file as the AWS SDK reads it. */
export function awsCredentials({ accessKey, secretKey }: S3Config): string {
  return `[default]\naws_access_key_id=${accessKey}\naws_secret_access_key=${secretKey}\n`;
}

function credentials({ namespace, s3 }: ClusterConfig): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'cloud-credentials' },
    type: 'Opaque',
    stringData: { cloud: awsCredentials(s3) },
  };
}

/** Where Velero keeps its backups. */
export function storageLocation({ namespace, s3 }: ClusterConfig): object {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { namespace, name: 'default' },
    spec: {
      provider: 'aws',
      default: true,
      objectStorage: { bucket: s3.buckets.velero },
      config: { region: s3.region, s3ForcePathStyle: 'true', s3Url: s3.endpoint },
    },
  };
}

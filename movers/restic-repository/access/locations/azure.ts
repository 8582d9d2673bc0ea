import { readVariables } from './ini.ts';
import { folderIn, type LocationKind, type Variables } from './location.ts';

/** By AZURE_CLOUD_NAME, in upper case. */
const CLOUDS: Readonly<Record<string, Variables>> = {
  AZURECHINACLOUD: { AZURE_ENDPOINT_SUFFIX: 'core.chinacloudapi.cn' },
  AZUREUSGOVERNMENT: { AZURE_ENDPOINT_SUFFIX: 'core.usgovcloudapi.net' },
  AZUREUSGOVERNMENTCLOUD: { AZURE_ENDPOINT_SUFFIX: 'core.usgovcloudapi.net' },
};

/** Azure Blob Storage. */
export const azure: LocationKind = {
  credentialKeys: ['AZURE_ACCOUNT_KEY', 'AZURE_ACCOUNT_SAS'],

  base(spec) {
    const { storageAccount = '', storageAccountURI = '' } = spec.config ?? {};
    if (storageAccount === '') return { problem: 'spec.config.storageAccount is missing' };
    const suffix = suffixIn(storageAccountURI, storageAccount);
    if (suffix === undefined) {
      return {
        problem: `spec.config.storageAccountURI is not https://${storageAccount}.blob.<suffix>, and restic supports no other`,
      };
    }
    return {
      url: `azure:${spec.objectStorage?.bucket ?? ''}:/${folderIn(spec)}`,
      variables: {
        AZURE_ACCOUNT_NAME: storageAccount,
        ...(suffix !== '' && { AZURE_ENDPOINT_SUFFIX: suffix }),
      },
    };
  },

  credentials(text, { config = {} }) {
    const file = readVariables(text);
    if ('problem' in file) return file;
    const keyName = config['storageAccountKeyEnvVar'] ?? 'AZURE_STORAGE_KEY';
    const found = { AZURE_ACCOUNT_KEY: file.get(keyName), AZURE_ACCOUNT_SAS: file.get('AZURE_ACCOUNT_SAS') };
    const [credential] = Object.entries(found).filter(([, value = '']) => value !== '');
    if (credential === undefined) {
      return {
        problem: `it has neither ${keyName} nor AZURE_ACCOUNT_SAS; restic needs a key or a SAS of the storage account; it supports neither a service principal nor a managed identity`,
      };
    }
    const cloud = CLOUDS[(file.get('AZURE_CLOUD_NAME') ?? '').toUpperCase()];
    return { variables: { ...cloud, ...(Object.fromEntries([credential]) as Variables) } };
  },
};

/** Returns the endpoint suffix: empty for restic's default, `undefined` if the URI does not have the expected form. */
function suffixIn(uri: string, account: string): string | undefined {
  if (uri === '') return '';
  const host = /^https:\/\/([^/:@?#\s]+)\/*$/.exec(uri)?.[1] ?? '';
  const start = `${account}.blob.`;
  return host.startsWith(start) ? host.slice(start.length) : undefined;
}

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { startFakeApi, type FakeApi } from '../bench/plugin/fake-api.ts';
import { backupAction, claim, veleroBackup } from './objects.ts';
import { discover, inSession } from './session.ts';
import { startVeleroHost } from './velero-host.ts';

/** The certificate authorities that the executable trusts if a kubeconfig names none: those of the machine, like a Go program. */

jest.setTimeout(120_000);

interface Kubeconfig {
  clusters: [{ cluster: { 'certificate-authority-data'?: string } }];
}

let api: FakeApi;
let dir: string;
beforeAll(async () => {
  api = await startFakeApi();
  dir = mkdtempSync(join(tmpdir(), 'trust-'));
  const config = JSON.parse(readFileSync(api.kubeconfig, 'utf8')) as Kubeconfig;
  const [{ cluster }] = config.clusters;
  writeFileSync(join(dir, 'ca.pem'), Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64'));
  delete cluster['certificate-authority-data'];
  writeFileSync(join(dir, 'kubeconfig'), JSON.stringify(config));
});
afterAll(() => {
  api.stop();
  rmSync(dir, { recursive: true });
});

/** Backs up a claim, for which the plugin must send a request to the API server. */
async function backUp(trust: Record<string, string>): Promise<unknown> {
  const env = { KUBECONFIG: join(dir, 'kubeconfig'), ...trust };
  const host = await startVeleroHost({ env });
  try {
    await discover(host);
    return await inSession(host, 'trust', async (session) => {
      const kept = claim('app', 'data', { metadata: { labels: { [labels.dataMover]: 'false' } } });
      return (await session.execute(backupAction, veleroBackup(), kept)).item;
    });
  } finally {
    await host.close();
  }
}

it.each(['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])('trusts what %s names', async (variable) => {
  const stored = await backUp({ [variable]: join(dir, 'ca.pem') });
  expect(stored).toMatchObject({ metadata: { name: 'data' } });
});

it('trusts no other', async () => {
  await expect(backUp({})).rejects.toThrow(/self-signed certificate/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext, Logger } from 'velero-datamover/plugin';
import { backUpKey, forgetVolume } from '../src/actions.ts';

const head = { apiVersion: 'velero.io/v1', metadata: { name: 'daily', namespace: 'velero' }, spec: {} };
const backup = { ...head, kind: 'Backup' };
const restore = { ...head, kind: 'Restore' };

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};
const context: CallContext = { log: silent, signal: new AbortController().signal };

function claim(annotations: Record<string, string>): Buffer {
  const metadata = { name: 'data', namespace: 'shop', annotations };
  return Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: {} }));
}

test('the Secret with the key is an additional item', async () => {
  const item = claim({ 'storage.example.com/key-secret': 'data-key' });
  assert.deepEqual(await backUpKey.execute({ item, backup }, context), {
    additionalItems: [{ group: '', resource: 'secrets', namespace: 'shop', name: 'data-key' }],
  });
});

test('a claim without a key is left as it is', async () => {
  assert.deepEqual(await backUpKey.execute({ item: claim({}), backup }, context), {});
});

test('an empty name is an error that names the claim', async () => {
  const item = claim({ 'storage.example.com/key-secret': '' });
  await assert.rejects(backUpKey.execute({ item, backup }, context), /shop\/data.* is empty/);
});

test('the id of the old volume is not restored, and all else is', async () => {
  const item = claim({ 'storage.example.com/volume-id': 'v-1', note: 'kept' });
  const output = await forgetVolume.execute({ item, itemFromBackup: item, restore }, context);
  assert.deepEqual(JSON.parse(String(output.item)), JSON.parse(String(claim({ note: 'kept' }))));
});

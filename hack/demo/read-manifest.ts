import { gunzipSync } from 'node:zlib';
import { inPod } from './app.ts';
import { MANIFEST_SCRIPT, manifestOf } from './manifest.ts';
import type { Cluster } from '../cluster/index.ts';
import type { Manifest } from './manifest.ts';

/** Takes the manifest of the volume, inside the application's pod. */
export async function readManifest(cluster: Cluster): Promise<Manifest> {
  const printed = (await inPod(cluster, MANIFEST_SCRIPT)).split('\n');
  const [all = '', stat = '', files = '', sums = '', links = '', targets = ''] = printed.map(unpack);
  return manifestOf({ all, stat, files, sums, links, targets });
}

/** Bytes become characters one by one, so that no name loses anything. */
function unpack(line: string): string {
  return line === '' ? '' : gunzipSync(Buffer.from(line, 'base64')).toString('latin1');
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** Applies config/default and all that may be added to it. It names the usual namespace; an overlay puts another in its place. */
export async function applyConfigDefault(
  checkout: string,
  namespace: string,
  kubectl: (args: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const overlay = mkdtempSync(join(tmpdir(), 'datamover-'));
  try {
    const folders = ['config/default', 'config/overwrite'].map((folder) => join(checkout, folder));
    const kustomization = { namespace, resources: folders.map((folder) => relative(overlay, folder)) };
    writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
    await kubectl(['apply', '--server-side', '--force-conflicts', '-k', overlay]);
  } finally {
    rmSync(overlay, { recursive: true });
  }
}

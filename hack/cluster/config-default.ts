import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** Applies config/default and optional additions. It uses the default namespace; an overlay replaces it. */
export async function applyConfigDefault(
  checkout: string,
  namespace: string,
  kubectl: (args: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const overlay = mkdtempSync(join(tmpdir(), 'datamover-'));
  try {
    const folders = ['config/default', 'config/overwrite'].map((folder) => join(checkout, folder));
    const resources = folders.map((folder) => relative(overlay, folder));
    const kustomization = { namespace, resources, transformers: [JSON.stringify(bindingNames(namespace))] };
    writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
    await kubectl(['apply', '--server-side', '--force-conflicts', '-k', overlay]);
  } finally {
    rmSync(overlay, { recursive: true });
  }
}

/** Names the ClusterRoleBindings per installation, as docs/two-installations.md describes. */
function bindingNames(namespace: string): object {
  return {
    apiVersion: 'builtin',
    kind: 'SuffixTransformer',
    metadata: { name: 'binding-names' },
    suffix: namespace === USUAL_NAMESPACE ? '' : `-${namespace}`,
    fieldSpecs: [{ kind: 'ClusterRoleBinding', path: 'metadata/name' }],
  };
}

/** The namespace in config/default. */
const USUAL_NAMESPACE = 'velero';

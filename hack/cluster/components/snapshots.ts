import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from '../component.ts';

const CRD_TIMEOUT = '--timeout=30s';

export const snapshotCrds: Component = {
  name: 'snapshot-crds',
  title: 'snapshot CRDs',
  prepare: async ({ tools, apply, kubectl }) => {
    const folder = join(tools['external-snapshotter'], 'crds');
    // Only the three basic kinds: group snapshots need a feature gate and more features of the driver.
    const files = readdirSync(folder).filter((name) => name.startsWith('snapshot.storage.k8s.io_'));
    for (const file of files) await apply({ path: join(folder, file) });
    const names = files.map((file) => file.replace(/^.*_(.*)\.yaml$/, '$1.snapshot.storage.k8s.io'));
    await kubectl(['wait', '--for=condition=Established', CRD_TIMEOUT, 'crd', ...names]);
  },
};

export const snapshotController: Component = {
  name: 'snapshot-controller',
  title: 'snapshot-controller',
  process: ({ config, program }) => ({
    command: program('external-snapshotter', 'snapshot-controller'),
    args: [`--kubeconfig=${config.paths.kubeconfig}`, ...FAST],
    netns: config.network.netnsPath,
  }),
};

/** Faster retries. The default, one second before the first retry after a conflict, makes tests slow. */
export const FAST: readonly string[] = [
  '--retry-interval-start=200ms',
  '--retry-interval-max=10s',
  '--kube-api-qps=100',
  '--kube-api-burst=200',
  '--leader-election=false',
];

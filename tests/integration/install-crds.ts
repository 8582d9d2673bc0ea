import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Condition, Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

/** A CustomResourceDefinition, as far as tests read it. */
export interface Crd extends Resource {
  spec: { names: { shortNames?: string[]; categories?: string[] } };
  status?: { conditions?: Condition[] };
}

export const crds: Kind<Crd> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const BASES = join(import.meta.dirname, '../../config/crd/bases');

/** Installs config/crd/bases as it is committed, and others, and waits until the API server serves every kind. */
export async function installCrds(client: KubeClient, others: readonly Crd[] = []): Promise<Crd[]> {
  const ours = globSync(join(BASES, '*.yaml')).map((file) => parse(readFileSync(file, 'utf8')) as Crd);
  const wanted = [...ours, ...others];
  await Promise.all(wanted.map((crd) => client.apply(crds, crd)));
  return Promise.all(wanted.map((crd) => established(client, crd.metadata.name)));
}

/** It takes a moment, but the machine may be busy. */
const ESTABLISHED_MS = 120_000;

async function established(client: KubeClient, name: string): Promise<Crd> {
  const deadline = Date.now() + ESTABLISHED_MS;
  for (;;) {
    const crd = await client.get(crds, { name });
    if (crd !== undefined && isTrue(crd, 'Established')) return crd;
    if (Date.now() > deadline) {
      throw new Error(
        `${name} is not established after ${ESTABLISHED_MS / 1000} s: ${JSON.stringify(crd?.status)}`,
      );
    }
    await delay(50);
  }
}

/** Returns true if a condition of a CustomResourceDefinition exists and is True. */
export function isTrue(crd: Crd, type: string): boolean {
  return crd.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
}

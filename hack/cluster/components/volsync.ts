import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGES } from '../images.ts';
import { doubleStamp } from '../sources.ts';
import type { Component, Context } from '../component.ts';

function folder({ config }: Context): string {
  return join(config.checkout, 'hack/cluster/doubles/volsync');
}

export const volsyncCrds: Component = {
  name: 'volsync-crds',
  title: 'VolSync CRDs',
  absent: (context) => missing(join(folder(context), 'crds/replicationsources.yaml')),
  prepare: (context) => context.apply({ path: join(folder(context), 'crds') }),
};

/** A double of VolSync's manager, which is available neither as a package nor from the Go module proxy. */
export const volsync: Component = {
  name: 'volsync',
  title: 'VolSync double',
  absent: (context) => missing(join(folder(context), 'main.ts')),
  process: (context) => ({
    command: process.execPath,
    args: [
      join(folder(context), 'main.ts'),
      '--kubeconfig',
      context.config.paths.kubeconfig,
      '--mover-image',
      IMAGES.volsyncRestic,
    ],
    fingerprint: doubleStamp(context.config.checkout, 'volsync'),
    netns: context.config.network.netnsPath,
  }),
};

function missing(path: string): string | undefined {
  return existsSync(path) ? undefined : `not built yet: there is no ${path}`;
}

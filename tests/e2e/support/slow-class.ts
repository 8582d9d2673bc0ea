import { resticSecret } from './setup.ts';
import { startSlowProxy, type SlowProxy } from './slow-proxy.ts';
import type { ClassOptions, Story } from './story.ts';

export interface SlowClass {
  name: string;
  proxy: SlowProxy;
}

interface SlowOptions extends Pick<ClassOptions, 'limits'> {
  mover?: 'VolSync' | 'Restic';
  keys?: Record<string, string>;
}

/**
 * Creates a class whose repositories are behind a slow proxy, and the proxy, which closes when the story ends. `keys` are added
 * to the class's secret.
 */
export async function makeSlowClass(
  story: Story,
  bytesPerSecond: number,
  { mover = 'VolSync', keys = {}, limits = {} }: SlowOptions = {},
): Promise<SlowClass> {
  const { s3, images } = story.cluster;
  const proxy = await startSlowProxy(s3.endpoint, bytesPerSecond);
  story.atEnd(async () => proxy.close());
  const own = `slow-${mover.toLowerCase()}`;
  const RESTIC_REPOSITORY = `s3:${proxy.endpoint}/${s3.buckets.datamover}/restic`;
  const secret = { name: story.unique(own) };
  await story.make(resticSecret(story.cluster, { ...secret, RESTIC_REPOSITORY, ...keys }));
  const config = { resticSecret: secret, resticImage: images.volsyncRestic };
  return { name: await story.makeClass(own, { mover, config, limits }), proxy };
}

import { resticSecret } from './setup.ts';
import { startSlowProxy, type SlowProxy } from './slow-proxy.ts';
import type { Story } from './story.ts';

/**
 * A class whose repositories lie behind a slow way, and that way, which the story closes at its end. `keys` stand in the
 * class's secret beside the usual ones.
 */
export async function makeSlowClass(
  story: Story,
  bytesPerSecond: number,
  keys: Record<string, string> = {},
): Promise<{ name: string; proxy: SlowProxy }> {
  const { s3 } = story.cluster;
  const proxy = await startSlowProxy(s3.endpoint, bytesPerSecond);
  const name = story.unique('slow');
  const RESTIC_REPOSITORY = `s3:${proxy.endpoint}/${s3.buckets.datamover}/restic`;
  await story.make(resticSecret(story.cluster, { name, RESTIC_REPOSITORY, ...keys }));
  await story.makeClass('slow', { config: { resticSecret: { name } } });
  return { name, proxy };
}

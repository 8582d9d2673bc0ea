import { azure } from './azure.ts';
import { gcs } from './gcs.ts';
import type { LocationKind, LocationSpec } from './location.ts';
import { s3 } from './s3.ts';

const KINDS: Readonly<Record<string, LocationKind>> = { aws: s3, azure, gcp: gcs };

/** Returns how restic accesses a location. A location with an `s3Url` is S3, whatever the name of its Velero plugin. */
export function kindOf({ provider, config = {} }: LocationSpec): LocationKind | undefined {
  const name = provider.replace(/^velero\.io\//, '');
  const known = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  return known ?? ((config['s3Url'] ?? '') === '' ? undefined : s3);
}

export const KNOWN_PROVIDERS = Object.keys(KINDS);

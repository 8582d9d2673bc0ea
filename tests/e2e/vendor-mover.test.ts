import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { backups } from '../../api/velero/v1.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { CommandError } from '../../hack/cluster/exec.ts';
import { waitUntil } from '../../hack/cluster/wait.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { writesSince, type AuditedRequest } from './support/audit.ts';
import { differences, manifestOf, RICH_DATA, type Manifest } from './support/data.ts';
import { leftoversOf } from './support/leftovers.ts';
import { openStory, type Story } from './support/story.ts';
import {
  importVendorImages,
  installVendorPackage,
  overlayOf,
  tryConformance,
  type VendorPackage,
} from './support/vendor-package.ts';
import { backUp, movedBackups, movedRestores, restore } from './support/velero.ts';
import { until, untilGone } from './support/wait.ts';

/** A last resort: each wait has a deadline of its own. */
const LIMIT_MS = 900_000;

/**
 * Follows docs/vendor-guide.md from a clean folder: our package is installed from its archive, the example is checked and tested
 * with it, and runs as a Deployment beside our controller, which continues to serve all other classes.
 */
describe("a vendor's mover", () => {
  let story: Story;
  let vendor: VendorPackage;
  let said: { typecheck: string; test: string };
  let app: Place;
  let before: Manifest;
  let after: Manifest;
  let request: DataMoverBackup;
  let restored: DataMoverRestore;
  let writes: AuditedRequest[];
  /** Runs in parallel, in a namespace of its own. */
  let conformance: Promise<string>;
  const stored = { backedUp: [] as string[], deleted: [] as string[] };

  /** Returns the files in the bucket for the claim. */
  const storedFiles = (): string[] => {
    const { config, s3 } = story.cluster;
    const folder = join(config.paths.s3, s3.buckets.datamover, request.status!.result!.repository);
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  };

  beforeAll(async () => {
    story = await openStory('vendor');
    vendor = await installVendorPackage();
    said = { typecheck: await vendor.npm(['run', 'typecheck']), test: await vendor.npm(['test']) };
    await importVendorImages(story.cluster, vendor);
    conformance = settled(tryConformance(story, vendor));
  }, LIMIT_MS);

  beforeAll(async () => {
    const { cluster, kube, namespace } = story;
    const since = Date.now();
    const manifests = ['--kustomize', overlayOf(cluster, vendor)];
    story.atEnd(async () => {
      // Its controller must remove its finalizer from the class before it is deleted itself.
      const dataMoverClass = ['datamoverclass', 'archive', '--ignore-not-found', '--timeout=60s'];
      await story.kubectl(['delete', ...dataMoverClass]).catch(() => undefined);
      await story.kubectl(['delete', '--wait=false', '--ignore-not-found', ...manifests]);
    });
    await story.kubectl(['apply', ...manifests]);
    await story.kubectl(['rollout', 'status', 'deployment/archive-mover', '-n', namespace, '--timeout=300s']);
    await until(
      kube,
      dataMoverClasses,
      { name: 'archive' },
      {
        to: 'to be ready',
        when: ({ status }) =>
          status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false,
      },
    );

    app = { namespace: await story.makeNamespace('app'), name: 'app' };
    await story.apply(
      claim({ namespace: app.namespace, name: 'data' }, { labels: { archive: '' } }),
      pod(app, cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, RICH_DATA);
    before = await manifestOf(story, app);
    await backUp(story, story.unique('backup'), app.namespace);
    request = (await movedBackups(story, story.unique('backup')))[0]!;
    stored.backedUp = storedFiles();
    await story.loseNamespace(app.namespace);
    await restore(story, { name: story.unique('restore'), from: story.unique('backup') });
    await untilRunning(story, app);
    after = await manifestOf(story, app);
    restored = (await movedRestores(story, story.unique('restore')))[0]!;
    await cluster.velero(['backup', 'delete', story.unique('backup'), '--confirm']);
    await untilGone(kube, backups, { namespace, name: story.unique('backup') });
    await waitUntil('the archive to be removed', () => storedFiles().length === 0, { timeoutMs: 300_000 });
    stored.deleted = storedFiles();
    writes = await writesSince(cluster, since);
  }, LIMIT_MS);

  afterAll(async () => {
    await conformance;
    await story.end();
    vendor.remove();
  }, LIMIT_MS);

  it('compiles against the published types, and passes its own tests', () => {
    expect(said.typecheck).not.toContain('error');
    expect(said.test).toMatch(/fail 0/);
  });

  it(
    'does what every mover must',
    async () => {
      expect(await conformance).toMatch(/^ℹ fail 0$/m);
    },
    LIMIT_MS,
  );

  it('serves the claims that its class selects', () => {
    expect(request.status).toMatchObject({
      phase: 'Completed',
      dataMoverClass: 'archive',
      mover: 'Archive',
      result: { mover: 'Archive', files: expect.any(Number) as unknown },
    });
    const id = request.status!.result!.snapshotID!;
    expect(stored.backedUp).toEqual([`${id}.json`, `${id}.tar.zst`]);
  });

  it('restores every file', () => {
    expect(Object.keys(before).length).toBeGreaterThan(230);
    expect(differences(before, after)).toEqual([]);
    expect(restored.status).toMatchObject({ phase: 'Completed', mover: 'Archive' });
  });

  it('removes the archive of a backup that is deleted', () => {
    expect(stored.deleted).toEqual([]);
  });

  it('is not touched by our controller, and touches nothing of it', () => {
    const account = (name: string): string => `system:serviceaccount:${story.namespace}:${name}`;
    const ours = writes.filter(({ user }) => user === account('datamover-controller'));
    const theirs = writes.filter(({ user }) => user === account('archive-mover'));
    const names = [request, restored].map(({ metadata }) => metadata.name);
    expect(ours.filter(({ name }) => [...names, 'archive'].includes(name))).toEqual([]);
    const requests = theirs.filter(({ resource }) => /^datamover(backup|restore)s/.test(resource));
    expect(new Set(requests.map(({ name }) => name))).toEqual(new Set(names));
    expect(theirs.filter(({ code }) => code === 403)).toEqual([]);
  });

  it('leaves nothing behind', async () => {
    expect(await leftoversOf(story, [request, restored])).toEqual([]);
  });
});

/**
 * Resolves to the output or the error text. The promise is awaited later, and until then a rejection must not count as unhandled.
 */
function settled(said: Promise<string>): Promise<string> {
  return said.catch((error: unknown) => (error instanceof CommandError ? error.stdout : String(error)));
}

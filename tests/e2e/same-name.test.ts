import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { namespaces } from '../../api/kubernetes/core.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { differences, manifestOf, type Manifest } from './support/data.ts';
import { openStory, type Story } from './support/story.ts';
import { backUp, movedBackups, movedRestores, restore } from './support/velero.ts';

/** Two teams have volumes of the same name; one of them is restored under another name. */
describe('two namespaces with a claim of the same name', () => {
  let story: Story;
  let red: Place;
  let blue: Place;
  /** The place to which blue's data is restored. */
  let green: Place;
  let before: { red: Manifest; blue: Manifest };
  let requests: DataMoverBackup[];
  let name: string;

  const write = (app: Place, text: string): Promise<unknown> =>
    story.exec(app, `cd /data; echo '${text}' > same-file; echo ${text} > only-of-${text}; sync`);

  beforeAll(async () => {
    story = await openStory('same');
    red = { namespace: await story.makeNamespace('red'), name: 'app' };
    blue = { namespace: await story.makeNamespace('blue'), name: 'app' };
    green = { namespace: await story.makeNamespace('green'), name: 'app' };
    for (const app of [red, blue]) {
      await story.apply(
        claim({ namespace: app.namespace, name: 'data' }),
        pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
      );
    }
    await Promise.all([red, blue].map((app) => untilRunning(story, app)));
    await write(red, 'red');
    await write(blue, 'blue');
    before = { red: await manifestOf(story, red), blue: await manifestOf(story, blue) };

    await story.make({
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverRestore',
      metadata: { namespace: blue.namespace, name: 'by-hand' },
      ...{ spec: { destinationClaimRef: { name: 'data' }, existingClaimPolicy: 'Overwrite', cancel: true } },
    });

    const backup = story.unique('backup');
    await backUp(story, backup, red.namespace, blue.namespace);
    requests = await movedBackups(story, backup);
    await Promise.all([red, blue, green].map(({ namespace }) => story.loseNamespace(namespace)));
    name = story.unique('restore');
    const options = ['--namespace-mappings', `${blue.namespace}:${green.namespace}`];
    await restore(story, { name, from: backup, options });
    await Promise.all([red, green].map((app) => untilRunning(story, app)));
  });

  afterAll(() => story.end());

  it('has a repository for each', () => {
    const repositories = requests.map(({ status }) =>
      status?.result?.repository.split('/').slice(1).join('/'),
    );
    expect(repositories.sort()).toEqual([`${blue.namespace}/data`, `${red.namespace}/data`]);
  });

  it('restores the data of each in one restore, also into a mapped namespace', async () => {
    expect(differences(before.red, await manifestOf(story, red))).toEqual([]);
    expect(differences(before.blue, await manifestOf(story, green))).toEqual([]);
  });

  it('creates no request again that somebody made by hand, because it would run again', async () => {
    const key = { namespace: green.namespace, name: 'by-hand' };
    expect(await story.kube.get(dataMoverRestores, key)).toBeUndefined();
  });

  it('does not recreate the namespace that is mapped to another name', async () => {
    expect(await story.kube.get(namespaces, { name: blue.namespace })).toBeUndefined();
    const places = (await movedRestores(story, name)).map(({ metadata }) => metadata.namespace);
    expect(places.sort()).toEqual([green.namespace, red.namespace]);
  });
});

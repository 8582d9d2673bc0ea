import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { createOnce } from './create-once.ts';
import { desiredBackup } from '../backup/desired-backup.ts';
import { aBackup, aClaim } from '../../tests/fakes/velero-objects.ts';

const object = desiredBackup(aBackup(), aClaim(), { className: 'standard' });

function setUp() {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  const { signal } = new AbortController();
  return {
    clock,
    kube,
    create: () => createOnce(kube.client(), dataMoverBackups, object, { clock, signal }),
  };
}

const down = new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'down' });

describe('creating once', () => {
  it('creates the object, and accepts an existing one as its own', async () => {
    const { create, kube } = setUp();
    const made = await create();
    expect(made).toMatchObject({ ...object, metadata: { ...object.metadata, uid: expect.any(String) } });
    await expect(create()).resolves.toEqual(made);
    expect(kube.peekAll(dataMoverBackups)).toHaveLength(1);
  });

  it('retries if the API server was unavailable, even if only the answer was lost', async () => {
    const { create, kube, clock } = setUp();
    let failures = 0;
    kube.after = () => {
      if (failures++ === 0) throw down;
    };
    const creating = create();
    await clock.advance(500);
    await expect(creating).resolves.toEqual(kube.peekAll(dataMoverBackups)[0]);
    expect(kube.peekAll(dataMoverBackups)).toHaveLength(1);
  });

  it('fails after some attempts, or at once if the error is not transient', async () => {
    const { create, kube, clock } = setUp();
    kube.before = () => {
      throw down;
    };
    const creating = expect(create()).rejects.toBe(down);
    await clock.advance(10_000);
    await creating;
    expect(kube.calls).toHaveLength(4);

    const forbidden = new KubeError({ code: 403, reason: 'Forbidden', message: 'no' });
    kube.before = () => {
      throw forbidden;
    };
    await expect(create()).rejects.toBe(forbidden);
    expect(kube.calls).toHaveLength(5);
  });
});

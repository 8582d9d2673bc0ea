import { describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { createCreator } from './creator.ts';

const claim: PersistentVolumeClaim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { namespace: 'velero', name: 'staging' },
  spec: {},
};

describe('what is created once', () => {
  it.each([-3_600_000, 3_600_000])(
    'is requested again after the lag of a cache even if the wall clock is set by %d ms',
    async (step) => {
      const clock = createFakeClock();
      const kube = new FakeKube({ clock });
      const creator = createCreator({ client: kube.client(), clock, wake: () => undefined });
      const { signal } = new AbortController();
      const create = () => creator.createOnce(persistentVolumeClaims, claim, signal);
      await create();
      clock.stepWall(step);
      await create();
      await clock.advance(5_000);
      await create();
      expect(kube.writeCalls()).toHaveLength(2);
    },
  );
});

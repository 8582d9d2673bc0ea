import { expect } from '@jest/globals';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { conditionTypes } from '../../api/datamover/v1alpha1/reasons.ts';
import { findCondition } from '../../kube/status/conditions.ts';
import type { Change } from '../fakes/fake-history.ts';
import { HOME } from './relay.ts';
import type { Expectation } from './expectation.ts';
import type { StoryHarness } from './story-harness.ts';

/** Creates and deletes a class, which is kept until the last request that uses it has ended. */
export async function deleteUsedClass(harness: StoryHarness): Promise<Expectation> {
  harness.feed.standApart();
  const { app, feed } = harness;
  const key = { name: `class-of-${app}` };
  const request = { namespace: app, name: 'b1' };
  const current = (): DataMoverClass | undefined => feed.get(dataMoverClasses, key);
  const readiness = () => findCondition(current()?.status?.conditions, conditionTypes.ready)?.status;
  const before = harness.inventory();
  await harness.create(dataMoverClasses, {
    metadata: { ...key, labels: { [HOME]: app } },
    spec: { mover: 'Restic' } as DataMoverClass['spec'],
  });
  await harness.create(dataMoverBackups, {
    metadata: request,
    spec: { dataMoverClass: key.name, dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  // No controller reconciles it here: it represents all requests that use a class for a while.
  await harness.setStatus(dataMoverBackups, request, { phase: 'Moving', dataMoverClass: key.name });
  const ways = [
    { when: () => readiness() === 'True', then: () => harness.delete(dataMoverClasses, key) },
    {
      when: () => current()?.metadata.deletionTimestamp !== undefined && readiness() === 'False',
      then: () => harness.setStatus(dataMoverBackups, request, { phase: 'Completed' }),
    },
  ];
  feed.listeners.add(() => {
    if (ways[0]?.when() === true) harness.beside(ways.shift()!.then());
  });
  const versionOf = (happened: (change: Change) => boolean): number =>
    feed.changes.find(happened)?.version ?? NaN;
  return {
    isOver: () => ways.length === 0 && current() === undefined,
    inventory: () => before,
    verify() {
      const gone = versionOf(({ last, after }) => last.kind === 'DataMoverClass' && after === undefined);
      const ended = versionOf(
        ({ after }) => (after as { status?: { phase?: string } } | undefined)?.status?.phase === 'Completed',
      );
      expect(gone).toBeGreaterThan(ended);
      expect(harness.everCreated(dataMoverClasses)).toBe(1);
    },
  };
}

import type { ControllerHarness } from '../../fakes/cluster/controller-harness.ts';

/** The status of a request of another controller that uses the repository of the claim `data` and never ends. */
export function occupyingStatus(harness: ControllerHarness) {
  return {
    phase: 'Moving' as const,
    mover: 'Other',
    dataMoverClass: 'volsync',
    servedBy: harness.addForeignController(),
    admittedAt: '2026-01-01T00:00:00Z',
    repositoryPath: 'c1/app/data',
  };
}

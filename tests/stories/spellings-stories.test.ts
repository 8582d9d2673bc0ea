import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;

beforeEach(() => {
  harness = new ControllerHarness();
});

afterEach(() => harness.stop());

/** Sets fields of a spec that the types do not have. */
function write(object: { spec: object }, fields: object): void {
  Object.assign(object.spec, fields);
}

describe('a request in the spelling of the published design', () => {
  it('with kind PVC backs up the claim with the class that the claim names', async () => {
    await harness.addSource('data', 'precious', (claim) => {
      claim.metadata.annotations = { 'oadp.openshift.io/data-mover-class': 'gold' };
    });
    harness.addClass((object) => (object.metadata.name = 'gold'));
    await harness.start();
    harness.addBackup('b1', (backup) => {
      write(backup, { dataSourceRef: { kind: 'PVC', name: 'data' } });
    });
    await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Completed', dataMoverClass: 'gold' });
  });

  it('with DataMoverClass is restored by that class', async () => {
    const [source] = harness.addRepository('precious');
    harness.addDestination();
    harness.addClass((object) => (object.metadata.name = 'gold'));
    await harness.start();
    harness.addRestore('r1', (restore) => {
      write(restore, { source, DataMoverClass: 'gold' });
    });
    await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Completed', dataMoverClass: 'gold' });
  });
});

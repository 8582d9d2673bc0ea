import { expect, it } from '@jest/globals';
import { aRestore } from '../../tests/fakes/velero-objects.ts';
import { missingRecordsRemedy } from './record-filter.ts';

const ADD = 'add datamoverbackups.oadp.openshift.io to --include-resources';

it.each([
  [{}, undefined],
  [{ includedResources: [] }, undefined],
  [{ includedResources: ['*'] }, undefined],
  [{ includedResources: ['pvc'] }, ADD],
  [{ includedResources: ['pvc', 'DataMoverBackups'] }, undefined],
  [{ includedResources: ['pvc', 'dmb'] }, undefined],
  [{ includedResources: ['pvc', 'datamoverbackups.oadp.openshift.io'] }, undefined],
  [{ includedResources: ['*.oadp.openshift.io'] }, undefined],
  [{ includedResources: ['*.openshift.com'] }, ADD],
  [{ includedResources: ['datamoverrestores'] }, ADD],
  [{ excludedResources: ['secrets'] }, undefined],
  [{ excludedResources: ['dmb'] }, 'take dmb out of --exclude-resources'],
  [
    { includedResources: ['*'], excludedResources: ['*.oadp.openshift.io'] },
    'take *.oadp.openshift.io out of --exclude-resources',
  ],
])('the remedy for %j is %j', (spec, remedy) => {
  expect(missingRecordsRemedy(aRestore(spec))).toBe(remedy);
});

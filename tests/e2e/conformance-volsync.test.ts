import { installVolSync } from '../../movers/volsync/install.ts';
import { describeMover } from '../../testing/conformance/jest.ts';
import { openResticSubject } from './support/restic-subject.ts';

describeMover('VolSync', () =>
  openResticSubject('volsync', installVolSync, { settings: { cacheCapacity: '100Mi' } }),
);

import { installVolSync } from '../../controller/movers/volsync/install.ts';
import { describeMover } from '../mover-conformance/jest.ts';
import { openResticSubject } from './support/restic-subject.ts';

describeMover('VolSync', () =>
  openResticSubject('volsync', installVolSync, { settings: { cacheCapacity: '100Mi' } }),
);

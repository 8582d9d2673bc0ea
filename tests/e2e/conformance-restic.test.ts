import { installRestic } from '../../controller/movers/restic/install.ts';
import { describeMover } from '../mover-conformance/jest.ts';
import { openResticSubject } from './support/restic-subject.ts';

describeMover('Restic', () => openResticSubject('restic', installRestic, { isCutShort: true }));

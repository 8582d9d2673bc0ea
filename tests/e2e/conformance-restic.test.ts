import { installRestic } from '../../movers/restic/install.ts';
import { describeMover } from '../../testing/conformance/jest.ts';
import { openResticSubject } from './support/restic-subject.ts';

describeMover('Restic', () => openResticSubject('restic', installRestic, { isCutShort: true }));

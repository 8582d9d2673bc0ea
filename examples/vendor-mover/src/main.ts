import { startDataMover } from 'velero-datamover';
import { installArchiveMover } from './archive-mover.ts';

await startDataMover({ name: 'archive-mover', movers: [installArchiveMover] });

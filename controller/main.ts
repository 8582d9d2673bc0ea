import { builtInMovers } from '../movers/registry.ts';
import { startDataMover } from './start.ts';

await startDataMover({ name: 'datamover-controller', movers: builtInMovers });

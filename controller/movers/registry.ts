import type { MoverFactory } from './factory.ts';
import { installVolSync } from './volsync/install.ts';

/** The movers that come with this controller. */
export const builtInMovers: readonly MoverFactory[] = [installVolSync];

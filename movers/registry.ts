import type { MoverFactory } from './factory.ts';
import { installRestic } from './restic/install.ts';
import { installVolSync } from './volsync/install.ts';

/** The movers that are part of this controller. */
export const builtInMovers: readonly MoverFactory[] = [installVolSync, installRestic];

/** The settings of a demo, from the environment. */
export interface DemoSettings {
  readonly disaster: Disaster;
  readonly mover: DemoMover;
  readonly sizeMiB: number;
}

/** A mover, as a class names it. Restic is completely real; for VolSync's manager the embedded cluster runs a test double. */
export type DemoMover = 'Restic' | 'VolSync';

/** `cluster`: everything except the object store is lost. `namespace`: only the application, its volume and its snapshots. */
export type Disaster = 'cluster' | 'namespace';

export const DEFAULT_SIZE_MIB = 200;
const MAX_SIZE_MIB = 100_000;

/** Reads the settings from the environment. @throws Error that names the variable and its allowed values */
export function settingsOf(env: NodeJS.ProcessEnv): DemoSettings {
  return {
    disaster: disasterOf(env['DISASTER']),
    mover: moverOf(env['MOVER']),
    sizeMiB: sizeOf(env['SIZE']),
  };
}

function disasterOf(text = ''): Disaster {
  if (text === '' || text === 'cluster') return 'cluster';
  if (text === 'namespace') return 'namespace';
  throw new Error(`DISASTER ${JSON.stringify(text)}: must be "cluster" or "namespace"`);
}

function moverOf(text = ''): DemoMover {
  if (text === '' || text === 'restic') return 'Restic';
  if (text === 'volsync') return 'VolSync';
  throw new Error(`MOVER ${JSON.stringify(text)}: must be "restic" or "volsync"`);
}

function sizeOf(text = ''): number {
  if (text === '') return DEFAULT_SIZE_MIB;
  const size = Number(text);
  if (Number.isInteger(size) && size >= 1 && size <= MAX_SIZE_MIB) return size;
  throw new Error(`SIZE ${JSON.stringify(text)}: must be a whole number of MiB from 1 to ${MAX_SIZE_MIB}`);
}

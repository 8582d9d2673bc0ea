import type { Mover } from '../../movers/mover.ts';

/** A mover that creates nothing and returns a final outcome from every method. Spread it and replace what the test is about. */
export const instantMover: Mover = {
  name: 'Instant',
  snapshotIDs: { pattern: /[0-9a-f]{8}/, form: '8 digits' },
  capabilities: {
    volumeModes: ['Filesystem'],
    accessModes: ['ReadWriteOnce'],
    liveSource: false,
    byteProgress: false,
    incremental: false,
    verify: [],
    forget: true,
  },
  requestSettings: [],
  parseConfig: (config) => ({ config }),
  backup: () => Promise.resolve({ state: 'Done', facts: { snapshotID: 'abcdef01', bytes: 8, files: 1 } }),
  restore: ({ snapshotID }) => Promise.resolve({ state: 'Done', facts: { snapshotID } }),
  forget: () => Promise.resolve({ state: 'Done', facts: { alreadyGone: false } }),
  cleanup: () => Promise.resolve([]),
  claimsOf: () => [],
};

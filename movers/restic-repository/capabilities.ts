import type { Mover } from '../mover.ts';

/** What every mover with restic repositories can do, and which of its settings say where data is. restic knows files. */
export const resticAbilities: Pick<
  Mover,
  'capabilities' | 'placeSettings' | 'secretSetting' | 'snapshotIDs'
> = {
  capabilities: {
    volumeModes: ['Filesystem'],
    accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'],
    liveSource: true,
    byteProgress: true,
    incremental: true,
    verify: ['Metadata', 'Data'],
    forget: true,
  },
  // restic also takes `latest`, options, and shorter ids, which may be of several snapshots.
  snapshotIDs: { pattern: /[0-9a-f]{8,64}/, form: '8 to 64 lower-case hexadecimal digits' },
  placeSettings: ['backupStorageLocation', 'resticImage', 'rcloneImage'],
  secretSetting: { name: 'resticSecret', allowed: 'allowedResticSecrets' },
};

import type { Mover } from '../mover.ts';

/**
 * Capabilities common to all movers with restic repositories, and which settings define where data is stored. restic supports
 * file systems only.
 */
export const resticCapabilities: Pick<
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
  // restic also accepts `latest`, options, and shorter ids, which can match several snapshots.
  snapshotIDs: { pattern: /[0-9a-f]{8,64}/, form: '8 to 64 lower-case hexadecimal digits' },
  placeSettings: ['backupStorageLocation', 'resticImage', 'rcloneImage'],
  secretSetting: { name: 'resticSecret', allowed: 'allowedResticSecrets' },
};

import type { Mover } from '../movers/mover.ts';

/** What every mover with restic repositories can do, and which of its settings say where data is. restic knows files. */
export const resticAbilities: Pick<Mover, 'capabilities' | 'placeSettings' | 'secretSetting'> = {
  capabilities: {
    volumeModes: ['Filesystem'],
    accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'],
    liveSource: true,
    byteProgress: true,
    incremental: true,
    verify: ['Metadata', 'Data'],
    forget: true,
  },
  placeSettings: ['backupStorageLocation', 'resticImage', 'rcloneImage'],
  secretSetting: { name: 'resticSecret', allowed: 'allowedResticSecrets' },
};

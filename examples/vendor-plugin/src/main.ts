import { startVeleroPlugin } from 'velero-datamover/plugin';
import { backUpKey, forgetVolume } from './actions.ts';

void startVeleroPlugin({
  actions: {
    backupItemActions: { 'storage.example.com/back-up-key': backUpKey },
    restoreItemActions: { 'storage.example.com/forget-volume': forgetVolume },
  },
});

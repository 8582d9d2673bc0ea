import {
  editItem,
  noOperations,
  parseItem,
  PluginError,
  removeKeys,
  type BackupItemAction,
  type RestoreItemAction,
} from 'velero-datamover/plugin';

/** Annotation that names the Secret with the key of an encrypted volume, in the namespace of the claim. */
const KEY_SECRET = 'storage.example.com/key-secret';

/** Annotation with the storage's own id of the volume. A different volume must not have the same id. */
const VOLUME_ID = 'storage.example.com/volume-id';

const resources = ['persistentvolumeclaims'];

/** Adds the Secret with the key of a volume to the backup of its claim, even if the backup does not include Secrets. */
export const backUpKey: BackupItemAction = {
  ...noOperations,
  resources,
  async execute({ item }, { log }) {
    const { name, namespace = '', annotations } = parseItem(item).metadata;
    const secret = annotations?.[KEY_SECRET];
    if (secret === undefined) return {};
    if (secret === '') {
      throw new PluginError(
        `PersistentVolumeClaim ${namespace}/${name}: annotation ${KEY_SECRET} is empty; name the Secret with the key of its volume, or remove the annotation`,
      );
    }
    log.info({ namespace, name, secret }, 'the key of the volume is backed up with its claim');
    return { additionalItems: [{ group: '', resource: 'secrets', namespace, name: secret }] };
  },
};

/** Restores a claim without the volume id that it had. */
export const forgetVolume: RestoreItemAction = {
  ...noOperations,
  resources,
  async execute({ item }) {
    const { annotations = {} } = parseItem(item).metadata;
    if (!(VOLUME_ID in annotations)) return {};
    return { item: editItem(item, ({ annotations: kept }) => removeKeys(kept, VOLUME_ID)) };
  },
};

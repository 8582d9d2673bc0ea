/** Set on a claim by kube-controller-manager: the provisioner that must create its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
/** Set on a claim by the scheduler after it has chosen a node for the first consumer. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** Set by a provisioner on the volumes that it created. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/**
 * Keeps a PersistentVolume until its folder has been deleted. Named as in external-provisioner, so that tests use the real name.
 */
export const PROVISIONER_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';

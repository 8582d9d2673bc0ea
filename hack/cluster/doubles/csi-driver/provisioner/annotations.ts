/** Set on a claim by kube-controller-manager: which provisioner is to make its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
/** Set on a claim by the scheduler once it has chosen a node for the first consumer. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** Set by a provisioner on the volumes it made. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** Keeps a volume object until its folder is gone. The name is external-provisioner's, so that tests meet the real one. */
export const PROVISIONER_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';

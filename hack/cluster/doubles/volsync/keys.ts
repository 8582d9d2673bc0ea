/** Labels and annotations of VolSync, and the double's own. */
export const CREATED_BY = 'app.kubernetes.io/created-by';
/** Value: uid of the CR. Objects with this label are deleted at the end of a sync. */
export const CLEANUP = 'volsync.backube/cleanup';
export const DO_NOT_DELETE = 'volsync.backube/do-not-delete';
/** On a destination PVC: name of the snapshot being taken of it. */
export const SNAPSHOT_NAME = 'volsync.backube/snapname';
/** On a Namespace, "true": movers run with more privileges. */
export const PRIVILEGED_MOVERS = 'volsync.backube/privileged-movers';
export const DEBUG_MOVER = 'volsync.backube/enable-debug-mover';
export const POPULATOR_LABEL_PREFIX = 'volsync.backube/volpop-pvc-';

/** The copy-trigger protocol: annotations of the source PVC. */
export const USE_COPY_TRIGGER = 'volsync.backube/use-copy-trigger';
export const COPY_TRIGGER = 'volsync.backube/copy-trigger';
export const LATEST_COPY_TRIGGER = 'volsync.backube/latest-copy-trigger';
export const LATEST_COPY_STATUS = 'volsync.backube/latest-copy-status';
export const COPY_TRIGGER_WAITING_SINCE = 'volsync.backube/latest-copy-trigger-waiting-since';

/** Requests faults of this double; see {@link file://./injection.ts}. */
export const INJECT = 'double.datamover.local/inject';
/** Incremented by the double if duplicate events are requested. */
export const TOUCHED = 'double.datamover.local/touched';

export const createdBy: Readonly<Record<string, string>> = { [CREATED_BY]: 'volsync' };

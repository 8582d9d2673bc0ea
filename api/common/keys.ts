/** The labels and annotations that every product of this project writes: on the objects that it creates, and on volumes. */

/** The domain of all keys of this project, and the API group of the data mover. */
export const DOMAIN = 'oadp.openshift.io';

export const annotations = {
  /** On requests and their children: the W3C Trace Context that controller and mover continue. */
  traceparent: `${DOMAIN}/traceparent`,
  /** On children in the protected namespace: `namespace/name` of their request. */
  request: `${DOMAIN}/request`,
  /** On children: the controller that created them, as in `status.servedBy` of their request. */
  servedBy: `${DOMAIN}/served-by`,
  /** On an alias PV in the protected namespace: the name of the PV whose data it shows. */
  aliasOf: `${DOMAIN}/alias-of`,
  /** On a PV during hand-over: its final state (JSON), recorded before anything is detached. */
  handOver: `${DOMAIN}/hand-over`,
  /**
   * On a parked PV: its former claim and reclaim policy, and the request that parked it (JSON). While it is set, nothing may
   * delete the data.
   */
  setAside: `${DOMAIN}/set-aside`,
  /** On a PVC that is Lost while a restore replaces its data: `namespace/name` of that request. */
  replacedBy: `${DOMAIN}/replaced-by`,
} as const;

/** Values must be valid label values: see `labelValue` in api/kubernetes/names.ts. */
export const labels = {
  /** On children: the uid of their request. */
  requestUid: `${DOMAIN}/request-uid`,
  /** On children: the kind of their request, for example `backup`. */
  requestKind: `${DOMAIN}/request-kind`,
  managedBy: 'app.kubernetes.io/managed-by',
  /** Velero's opt-out label, which we respect. */
  veleroExclude: 'velero.io/exclude-from-backup',
} as const;

export const MANAGED_BY = 'velero-datamover';

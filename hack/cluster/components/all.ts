import { containerd, images } from './containerd.ts';
import { apiserver, controllerManager, etcd, scheduler } from './control-plane.ts';
import { controller, datamoverConfig } from './controller.ts';
import { csiDriver, csiSnapshotter } from './csi.ts';
import { kubelet } from './kubelet.ts';
import { network, pki } from './network.ts';
import { s3 } from './s3.ts';
import { snapshotController, snapshotCrds } from './snapshots.ts';
import { velero } from './velero.ts';
import { volsync, volsyncCrds } from './volsync.ts';
import type { Component } from '../component.ts';

/** All components of the cluster in start order; they stop in reverse order. */
export const COMPONENTS: readonly Component[] = [
  network,
  pki,
  s3,
  etcd,
  containerd,
  apiserver,
  controllerManager,
  scheduler,
  images,
  kubelet,
  snapshotCrds,
  snapshotController,
  csiDriver,
  csiSnapshotter,
  volsyncCrds,
  volsync,
  datamoverConfig,
  velero,
  controller,
];

import type { Resource } from '../../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../../kube/client/kube-client.ts';
import type { Logger } from '../../../../telemetry/log.ts';
import type { EventText } from '../events.ts';
import type { Replication, ReplicationStatus, ResticSpec } from './api.ts';
import type { Injection } from './injection.ts';

/** Settings for all CRs of one running double. */
export interface Settings {
  moverImage: string;
  /** Number of pod failures after which a Job counts as failed and is created again. VolSync: 8. */
  failureLimit: number;
  /** Size of the log's tail in the status, in bytes. VolSync: 1024. */
  logMaxBytes: number;
  /** Factor for the double's own waits, so that tests need not take hours. VolSync: 1. */
  timeScale: number;
}

/** The data of one reconcile pass. */
export interface Scope<Owner extends Replication = Replication, Restic extends ResticSpec = ResticSpec> {
  client: KubeClient;
  settings: Settings;
  owner: Owner;
  namespace: string;
  restic: Restic;
  /** Mover fields of the status; written at the end of the pass. */
  status: ReplicationStatus;
  injection: Injection;
  /** The namespace allows privileged movers. */
  privileged: boolean;
  now: number;
  signal: AbortSignal;
  log: Logger;
  recordEvent: (regarding: Resource, text: EventText) => void;
}

/** Outcome of one pass through a mover's steps. Failures are thrown. */
export type SyncResult = 'in-progress' | 'done';

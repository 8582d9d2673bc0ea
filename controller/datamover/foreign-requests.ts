import { createOwners } from './owners.ts';
import type { AdmissionFeed } from '../../lifecycle/admission/admission.ts';
import type { AdmissibleRequest } from './admissible.ts';
import { isFinal } from '../../lifecycle/request-status.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Logger } from '../../telemetry/log.ts';

/** Reports foreign requests to admission. */
export interface ForeignRequests {
  changed(before: AdmissibleRequest | undefined, after: AdmissibleRequest | undefined): void;
}

interface Dependencies {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  onChange: AdmissionFeed<AdmissibleRequest>['changed'];
}

/** Foreign requests count as a kind of their own, without a class: they occupy their repository and nothing else. */
const FOREIGN = 'foreign';

/**
 * Creates the reporter of foreign requests. A foreign request counts towards no limit, but it occupies its repository while it
 * moves data. It does so only as long as its controller is alive, because nothing ends the requests of a deleted controller.
 */
export function createForeignRequests({ client, clock, log, onChange }: Dependencies): ForeignRequests {
  /** Requests that occupy a repository: by their controller, then by uid. */
  const holders = new Map<string, Map<string, AdmissibleRequest>>();
  const owners = createOwners({ client, clock, log, onChange: reportAll });

  function reportAll(owner: string): void {
    for (const request of holders.get(owner)?.values() ?? []) report(request, request);
  }

  function report(before: AdmissibleRequest | undefined, after: AdmissibleRequest | undefined): void {
    const holds = after !== undefined && isHolder(after) && owners.isAlive(ownerOf(after));
    onChange(FOREIGN, before ?? after, holds ? withoutClass(after) : undefined);
  }

  function forget(request: AdmissibleRequest): void {
    const owner = ownerOf(request);
    const known = holders.get(owner);
    known?.delete(request.metadata.uid ?? '');
    if (known?.size !== 0) return;
    holders.delete(owner);
    owners.unfollow(owner);
  }

  function remember(request: AdmissibleRequest): void {
    const owner = ownerOf(request);
    const known = holders.get(owner) ?? new Map<string, AdmissibleRequest>();
    holders.set(owner, known.set(request.metadata.uid ?? '', request));
    owners.follow(owner);
  }

  return {
    changed(before, after) {
      const isHolding = after !== undefined && isHolder(after);
      if (isHolding) remember(after);
      if (before !== undefined && !(isHolding && ownerOf(before) === ownerOf(after))) forget(before);
      report(before, after);
    },
  };
}

function isHolder({ status }: AdmissibleRequest): boolean {
  return status?.admittedAt !== undefined && !isFinal(status.phase);
}

function ownerOf({ status }: AdmissibleRequest): string {
  return status?.servedBy ?? '';
}

function withoutClass({ status, ...request }: AdmissibleRequest): AdmissibleRequest {
  const { dataMoverClass: _, node: __, ...rest } = status ?? {};
  return { ...request, status: rest };
}

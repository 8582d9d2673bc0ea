import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../../hack/cluster/index.ts';

/** A request that the API server answered. */
export interface AuditedRequest {
  verb: string;
  user: string;
  /** `resource` or `resource/subresource`. */
  resource: string;
  namespace: string;
  name: string;
  code: number;
  /** Milliseconds since 1970: when it came, and when it was answered. */
  receivedAt: number;
  answeredAt: number;
}

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** The writes that came since a time, as the API server noted them. */
export async function writesSince({ auditLog }: Cluster, since: number): Promise<AuditedRequest[]> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n');
  return lines.flatMap((line) => {
    // The last line may be half written.
    if (!line.endsWith('}')) return [];
    const request = requestOf(JSON.parse(line) as AuditEvent);
    return WRITES.includes(request.verb) && request.receivedAt >= since ? [request] : [];
  });
}

interface AuditEvent {
  verb: string;
  user: { username: string };
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

function requestOf(event: AuditEvent): AuditedRequest {
  const { resource = '', subresource, namespace = '', name = '' } = event.objectRef ?? {};
  return {
    verb: event.verb,
    user: event.user.username,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    code: event.responseStatus?.code ?? 0,
    receivedAt: Date.parse(event.requestReceivedTimestamp),
    answeredAt: Date.parse(event.stageTimestamp),
  };
}

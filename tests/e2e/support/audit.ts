import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../../hack/cluster/index.ts';

/** A request that the API server answered. */
export interface AuditedRequest {
  verb: string;
  user: string;
  /** The user agent of the client, and its address. */
  agent: string;
  from: string;
  /** `resource` or `resource/subresource`. */
  resource: string;
  namespace: string;
  name: string;
  code: number;
  /** Milliseconds since 1970: when the request was received, and when it was answered. */
  receivedAt: number;
  answeredAt: number;
}

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** Returns the requests since a time from the audit log of the API server. */
export async function requestsSince({ auditLog }: Cluster, since: number): Promise<AuditedRequest[]> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n');
  return lines.flatMap((line) => {
    // The last line may be incomplete.
    if (!line.endsWith('}')) return [];
    const request = requestOf(JSON.parse(line) as AuditEvent);
    return request.receivedAt >= since ? [request] : [];
  });
}

/** Returns those requests that change something. */
export async function writesSince(cluster: Cluster, since: number): Promise<AuditedRequest[]> {
  return (await requestsSince(cluster, since)).filter(({ verb }) => WRITES.includes(verb));
}

interface AuditEvent {
  verb: string;
  user: { username: string };
  userAgent?: string;
  sourceIPs?: string[];
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
    agent: event.userAgent ?? '',
    from: event.sourceIPs?.join() ?? '',
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    code: event.responseStatus?.code ?? 0,
    receivedAt: Date.parse(event.requestReceivedTimestamp),
    answeredAt: Date.parse(event.stageTimestamp),
  };
}

import { createReadStream, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { differences, rightOf, rolesOf, type Right, type Use } from '../../../hack/ci/least-privilege.ts';
import { loadCluster } from '../../../hack/cluster/index.ts';

/** Runs after all stories. The requests that controller and plugin have sent to the API server must match their roles exactly. */

const CONTROLLER = 'system:serviceaccount:velero:datamover-controller';
/** The account of Velero, which the plugin uses too. A second installation has accounts and a namespace of its own. */
const VELERO = 'system:serviceaccount:velero:velero';
const PLUGIN_AGENT = 'velero-plugin-for-datamover';
const CONFIG = join(import.meta.dirname, '../../../config');
/** The embedded cluster also grants the optional rights. */
const ROLES = {
  controller: ['datamover-controller', 'datamover-controller-overwrite'],
  plugin: ['datamover-plugin'],
} as const;

/** Rights that no story exercises, with the reason. */
const RARE: Readonly<Record<Right, string>> = {
  'update datamoverbackups.oadp.openshift.io/finalizers': 'asked about by the policy, never done',
  'update datamoverrestores.oadp.openshift.io/finalizers': 'asked about by the policy, never done',
  'attest datamoverbackups.oadp.openshift.io': 'asked about by the policy, never done',
  'attest datamoverrestores.oadp.openshift.io': 'asked about by the policy, never done',
  'delete datamoverdeletes.oadp.openshift.io': 'the janitor takes away what is a day old',
  'delete datamoverprunes.oadp.openshift.io': 'the janitor takes away what is a day old',
  'list backupstoragelocations.velero.io': 'only where neither the class nor a Velero backup names one',
  'patch replicationdestinations.volsync.backube': 'only for a restore that ends before VolSync is done',
  'get replicationdestinations.volsync.backube': 'only when the repository has refused a restore its access',
  'get datauploads.velero.io': "by the plugin, for a claim that Velero's own data mover has",
  'get datamoverdeletes.oadp.openshift.io': 'by the plugin, for a removal that was asked for already',
  'list datamoverrestores.oadp.openshift.io':
    'by the plugin, for the record of a snapshot that was never cut',
  'delete datamoverbackups.oadp.openshift.io': 'the janitor, for a Velero backup that has gone',
  'delete datamoverrestores.oadp.openshift.io': 'the janitor, for a Velero Restore that has gone',
  'get leases.coordination.k8s.io': 'outside the own namespace only for a request of another installation',
  'create leases.coordination.k8s.io': 'once per cluster, before the first story',
};

interface AuditEvent {
  verb: string;
  user: { username: string };
  userAgent?: string;
  objectRef?: {
    apiGroup?: string;
    resource?: string;
    subresource?: string;
    namespace?: string;
  };
  annotations?: { 'authorization.k8s.io/decision'?: 'allow' | 'forbid' };
}

interface Seen {
  controller: Use[];
  plugin: Use[];
  /** What RBAC never allowed. An API server that has just started denies every request whose roles it has not loaded yet. */
  refused: string[];
}

/** Reads the audit logs in these folders. */
async function readAudit(folders: readonly string[]): Promise<Seen> {
  const seen = { controller: new Map<string, Use>(), plugin: new Map<string, Use>() };
  const decided = { allow: new Set<string>(), forbid: new Set<string>() };
  // Rotated files are in the same folder.
  const files = folders.flatMap((folder) => globSync(join(folder, 'audit*.log')));
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file) })) {
      const isController = line.includes(CONTROLLER);
      if (!isController && !line.includes(PLUGIN_AGENT)) continue;
      // The last line may be incomplete.
      if (!line.endsWith('}')) continue;
      const event = JSON.parse(line) as AuditEvent;
      const use = useOf(event);
      if (use === undefined) continue;
      const decision = event.annotations?.['authorization.k8s.io/decision'];
      if (decision !== undefined) decided[decision].add(use.right);
      const uses = whose(event, seen);
      uses?.set(`${use.right} in ${use.namespace}`, use);
    }
  }
  return {
    controller: [...seen.controller.values()],
    plugin: [...seen.plugin.values()],
    refused: [...decided.forbid].filter((right) => !decided.allow.has(right)),
  };
}

function whose<T>(
  { user, userAgent = '' }: AuditEvent,
  seen: Record<'controller' | 'plugin', T>,
): T | undefined {
  if (user.username === CONTROLLER) return seen.controller;
  return user.username === VELERO && userAgent.startsWith(PLUGIN_AGENT) ? seen.plugin : undefined;
}

function useOf({ verb, objectRef }: AuditEvent): Use | undefined {
  if (objectRef?.resource === undefined) return undefined;
  const { apiGroup = '', resource, subresource, namespace = '' } = objectRef;
  return {
    right: rightOf(verb, apiGroup, subresource === undefined ? resource : `${resource}/${subresource}`),
    namespace,
  };
}

describe('least privilege', () => {
  let seen: Seen;
  /** Those of all e2e tests, from hack/ci/test.ts. */
  const clusters = (process.env['E2E_AUDITED'] ?? '').split(' ').map((name) => loadCluster({ name }));
  const manifests = globSync(join(CONFIG, '{rbac,installation,overwrite}/*.yaml')).flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).map(
      (one) => one.toJS() as Parameters<typeof rolesOf>[0][number],
    ),
  );

  beforeAll(async () => {
    seen = await readAudit(clusters.map(({ auditLog }) => dirname(auditLog)));
  }, 120_000);

  it('no request was refused as forbidden', () => {
    expect(seen.refused).toEqual([]);
  });

  it.each(['controller', 'plugin'] as const)(
    'the %s has used all that its roles allow, and nothing else',
    (program) => {
      const found = differences(rolesOf(manifests, ...ROLES[program]), seen[program], clusters[0]!.namespace);
      expect(found.filter((line) => !isRare(line))).toEqual([]);
    },
  );

  it('every right that is listed as rare is granted by a role', () => {
    const given = [rolesOf(manifests, ...ROLES.controller, ...ROLES.plugin)].flatMap(
      ({ everywhere, protectedOnly }) => [...everywhere, ...protectedOnly],
    );
    expect(Object.keys(RARE).filter((right) => !given.includes(right))).toEqual([]);
  });
});

function isRare(difference: string): boolean {
  const [, right = ''] = /^unused: (.*), in the/.exec(difference) ?? [];
  return right in RARE;
}

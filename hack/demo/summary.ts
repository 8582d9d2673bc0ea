import { APP } from './app.ts';
import { bytesText } from './bytes.ts';
import type { Chapter, DemoFacts } from './demo.ts';

const SHOWN_DIFFERENCES = 50;

const CHAPTERS: Readonly<Record<Chapter, string>> = {
  cluster: 'cluster up and set up',
  application: 'application and its data',
  backup: 'backup',
  disaster: 'disaster',
  restore: 'restore',
  comparison: 'reading everything back',
};

/** Returns durations, sizes and the result as a table. */
export function summaryText(facts: DemoFacts): string {
  const { seconds, data, sparse, comparison } = facts;
  const total = Object.values(seconds).reduce((sum, each) => sum + each, 0);
  const times = (Object.keys(CHAPTERS) as Chapter[]).map((chapter) =>
    row(CHAPTERS[chapter], time(seconds[chapter])),
  );
  return [
    '',
    `  ${facts.disaster === 'cluster' ? 'the whole cluster was lost' : 'the namespace was lost'}, backup and restore ${facts.backup} by mover ${facts.mover}`,
    '',
    ...times,
    row('in all', time(total)),
    '',
    row('data', `${bytesText(data.bytes)} in ${data.files} files`),
    row('uploaded', `${bytesText(data.uploadedBytes)}, restic snapshot ${data.snapshotID.slice(0, 8)}`),
    row('compared', `${data.entries} entries: type, mode, owner, size, time, checksum, links`),
    row(
      'sparse file',
      `took ${bytesText(sparse.before)} of disk, takes ${bytesText(sparse.after)}${sparse.after > 2 * sparse.before ? ' (its holes were filled)' : ''}`,
    ),
    row(
      'not compared',
      "the volume's root folder, whose owner, mode and time come back, its access control list and attributes not",
    ),
    '',
    ...differenceLines(comparison.differences),
  ].join('\n');
}

function differenceLines(differences: readonly string[]): string[] {
  if (differences.length === 0) return ['  VERDICT   everything came back as it was'];
  const shown = differences.slice(0, SHOWN_DIFFERENCES).map((line) => `    ${line}`);
  const more = differences.length - shown.length;
  return [
    `  VERDICT   differences: ${differences.length}`,
    ...shown,
    ...(more > 0 ? [`    and ${more} more`] : []),
  ];
}

/** Returns commands to explore the cluster that keeps running. */
export function exploreText({ backup }: DemoFacts, clusterName: string): string {
  const named = clusterName === 'datamover' ? '' : `CLUSTER_NAME=${clusterName} `;
  return [
    '',
    'The cluster is still up. To look around:',
    `  eval "$(PATH=$PWD/node_modules/.bin:$PATH ${named}node hack/cluster/main.ts env)"`,
    '  kubectl get dmc,dmb,dmr -A',
    `  kubectl -n ${APP.namespace} get dmr -o yaml`,
    `  velero backup describe ${backup} --details`,
    `  velero restore describe ${backup} --details`,
    `  kubectl -n ${APP.namespace} exec deploy/${APP.deployment} -- ls -la ${APP.mount}/names`,
    `${named}make demo-down removes all of it.`,
    '',
  ].join('\n');
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(26)} ${value}`;
}

function time(seconds: number): string {
  return `${seconds.toFixed(1).padStart(7)} s`;
}

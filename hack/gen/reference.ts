import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { CrdDefinition } from '../../api/schema/crd.ts';
import {
  backupPhaseMeanings,
  conditionMeanings,
  deletePhaseMeanings,
  eventMeanings,
  prunePhaseMeanings,
  restorePhaseMeanings,
} from '../../api/datamover/v1alpha1/meanings.ts';
import { conditionTypes, failureReasons, type ConditionType } from '../../api/datamover/v1alpha1/reasons.ts';
import { fieldTable, table } from './field-table.ts';
import { structuralSchema } from './structural-schema.ts';

/** The parts of a kind's reference page besides its fields. */
interface KindReference {
  sample: string;
  phases?: Record<string, string>;
  conditions: readonly ConditionType[];
}

const { captured, admitted, staged, moved, verified, handedOver, cleanedUp, ready } = conditionTypes;
const { removed, pruned, repositoryRemoved } = conditionTypes;
const { accepted, engineServing, credentialsPresent, repositoryReachable } = conditionTypes;

const REFERENCES: Record<string, KindReference> = {
  DataMoverClass: {
    sample: 'class.yaml',
    conditions: [accepted, engineServing, credentialsPresent, repositoryReachable, ready],
  },
  DataMoverBackup: {
    sample: 'backup.yaml',
    phases: backupPhaseMeanings,
    conditions: [captured, admitted, staged, moved, verified, cleanedUp, ready],
  },
  DataMoverRestore: {
    sample: 'restore.yaml',
    phases: restorePhaseMeanings,
    conditions: [admitted, staged, moved, verified, handedOver, cleanedUp, ready],
  },
  DataMoverDelete: {
    sample: 'delete.yaml',
    phases: deletePhaseMeanings,
    conditions: [admitted, removed, cleanedUp, ready],
  },
  DataMoverPrune: {
    sample: 'prune.yaml',
    phases: prunePhaseMeanings,
    conditions: [admitted, pruned, repositoryRemoved, cleanedUp, ready],
  },
};

/** Returns the generated blocks of a kind's page. `readSample` reads a file of config/samples. */
export function referenceBlocks(
  definition: CrdDefinition,
  readSample: (file: string) => string,
): Record<string, string> {
  const reference = referenceOf(definition.kind);
  return {
    summary: summary(definition),
    example: `\`\`\`yaml\n${readSample(reference.sample).trim()}\n\`\`\``,
    'fields of spec': fieldTable(structuralSchema(definition.spec)),
    'fields of status': fieldTable(structuralSchema(definition.status)),
    ...(reference.phases && {
      phases: table(['Phase', 'Meaning'], codeFirst(Object.entries(reference.phases))),
    }),
    conditions: table(
      ['Condition', 'True means'],
      codeFirst(reference.conditions.map((type) => [type, conditionMeanings[type]])),
    ),
  };
}

/** Returns the table of `status.failure.reason`. */
export function failureTable(): string {
  return table(['Reason', 'Meaning'], codeFirst(Object.entries(failureReasons)));
}

/** Returns the table of Events. */
export function eventTable(): string {
  const rows = Object.entries(eventMeanings).map(([reason, { type, on, meaning }]) => [
    `\`${reason}\``,
    type,
    on,
    meaning,
  ]);
  return table(['Reason', 'Type', 'On', 'Meaning'], rows);
}

function referenceOf(kind: Kind<Resource>): KindReference {
  const reference = REFERENCES[kind.kind];
  if (reference === undefined) throw new Error(`hack/gen/reference.ts has no entry for ${kind.kind}`);
  return reference;
}

function summary({ kind, shortName, description }: CrdDefinition): string {
  const scope = kind.namespaced ? 'namespaced' : 'cluster-scoped';
  return `${description}\n\n\`${kind.group}/${kind.version}\`, ${scope}, \`kubectl get ${shortName}\``;
}

function codeFirst(entries: readonly (readonly [string, string])[]): string[][] {
  return entries.map(([word, meaning]) => [`\`${word}\``, meaning]);
}

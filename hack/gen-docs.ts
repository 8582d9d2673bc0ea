import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { crdDefinitions } from '../api/datamover/v1alpha1/crds.ts';
import { ROOT, writeGenerated } from './gen/generated-file.ts';
import { fillBlocks } from './gen/marked-blocks.ts';
import { metricTable } from './gen/metric-table.ts';
import { eventTable, failureTable, referenceBlocks } from './gen/reference.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

async function fillPage(path: string, blocks: Record<string, string>): Promise<void> {
  const page = fillBlocks(read(path), blocks);
  writeGenerated(path, await format(page, { parser: 'markdown', printWidth: 110 }));
}

for (const definition of crdDefinitions) {
  const file = definition.kind.kind.replaceAll(/(?<=.)[A-Z]/g, '-$&').toLowerCase();
  const blocks = referenceBlocks(definition, (sample) => read(`config/samples/${sample}`));
  await fillPage(`docs/spec/${definition.kind.version}/${file}.md`, blocks);
}
await fillPage('docs/failures.md', { reasons: failureTable() });
await fillPage('docs/observability.md', { events: eventTable() });
await fillPage('docs/metrics.md', { metrics: metricTable() });

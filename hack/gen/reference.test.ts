import { describe, expect, it } from '@jest/globals';
import { crdDefinitions } from '../../api/datamover/v1alpha1/crds.ts';
import { conditionTypes } from '../../api/datamover/v1alpha1/reasons.ts';
import { referenceBlocks } from './reference.ts';

describe('the reference pages', () => {
  it('describe every condition, on the page of at least one kind', () => {
    const tables = crdDefinitions.map(
      (definition) => referenceBlocks(definition, () => '')['conditions'] ?? '',
    );
    const described = tables.flatMap((table) => [...table.matchAll(/^\| `(\w+)`/gm)].map(([, type]) => type));
    expect([...new Set(described)].sort()).toEqual(Object.values(conditionTypes).sort());
  });
});

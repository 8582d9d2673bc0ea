import { describe, expect, it } from '@jest/globals';
import { pinnedTo } from './affinity.ts';

const here = { key: 'metadata.name', operator: 'In', values: ['n1'] };
const required = (...nodeSelectorTerms: object[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
});

describe('an affinity for one node', () => {
  it('is enough by itself', () => {
    expect(pinnedTo('n1')).toEqual(required({ matchFields: [here] }));
  });

  it('is added to each of the alternative terms', () => {
    const zone = (value: string) => ({
      matchExpressions: [{ key: 'zone', operator: 'In', values: [value] }],
    });
    const field = { key: 'metadata.name', operator: 'NotIn', values: ['n2'] };
    expect(pinnedTo('n1', required(zone('a'), { ...zone('b'), matchFields: [field] }))).toEqual(
      required({ ...zone('a'), matchFields: [here] }, { ...zone('b'), matchFields: [field, here] }),
    );
  });

  it('leaves everything else as it is', () => {
    const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] };
    const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] };
    const asked = { podAffinity, nodeAffinity: preferred };
    expect(pinnedTo('n1', asked)).toEqual({
      podAffinity,
      nodeAffinity: { ...preferred, ...required({ matchFields: [here] }).nodeAffinity },
    });
  });
});

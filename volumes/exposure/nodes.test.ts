import { describe, expect, it } from '@jest/globals';
import type { Node, NodeAffinity } from '../../api/kubernetes/core.ts';
import { isUsable, onlyNode } from './nodes.ts';

function node(name: string, labels: Record<string, string> = {}): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
}

const nodes = [
  node('n1', { 'kubernetes.io/hostname': 'host-1', zone: 'a' }),
  node('n2', { 'kubernetes.io/hostname': 'host-2', zone: 'a' }),
  node('n3', { 'kubernetes.io/hostname': 'host-3', zone: 'b' }),
];

const where = (key: string, ...values: string[]): NodeAffinity => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }] },
});

describe('the only node of a volume', () => {
  it.each([
    ['its host', where('kubernetes.io/hostname', 'host-2'), 'n2'],
    ['a zone with one node', where('zone', 'b'), 'n3'],
    ['a zone with several', where('zone', 'a'), undefined],
    ['several hosts', where('kubernetes.io/hostname', 'host-1', 'host-2'), undefined],
    ['a host that has gone', where('kubernetes.io/hostname', 'host-9'), undefined],
    ['nothing', undefined, undefined],
    [
      'its name',
      {
        required: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
        },
      },
      'n1',
    ],
    [
      'something that is not read here',
      { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }] } },
      undefined,
    ],
  ])('by %s', (_, affinity, name) => {
    expect(onlyNode(nodes, affinity)).toBe(name);
  });

  it('is the only one there is', () => {
    expect(onlyNode([node('n1')], undefined)).toBe('n1');
    expect(onlyNode([], undefined)).toBeUndefined();
  });
});

describe('a node', () => {
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] };

  it.each([
    ['that is ready', { status: ready }, true],
    ['that is cordoned', { status: ready, spec: { unschedulable: true } }, false],
    ['that is not ready', { status: { conditions: [{ type: 'Ready', status: 'False' }] } }, false],
    ['that has not said so yet', {}, false],
  ])('%s: usable %#', (_, more, usable) => {
    expect(isUsable({ ...node('n1'), ...more })).toBe(usable);
  });
});

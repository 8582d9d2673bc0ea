import { describe, expect, it } from '@jest/globals';
import { differences, rolesOf, type Use } from './least-privilege.ts';

const role = (kind: string, resources: string[], verbs: string[]) => ({
  kind,
  metadata: { name: 'one' },
  rules: [{ apiGroups: ['', 'g'], resources, verbs }],
});

function compare(roles: Parameters<typeof rolesOf>[0], ...used: string[]): string[] {
  const uses = used.map((text): Use => {
    const [right = '', namespace = ''] = text.split(' in ');
    return { right, namespace };
  });
  return differences(rolesOf(roles, 'one'), uses, 'velero');
}

describe('rights and their use', () => {
  it('fit', () => {
    const roles = [role('ClusterRole', ['a/status'], ['get']), role('Role', ['b'], ['list'])];
    const used = ['get a/status', 'get a.g/status in shop', 'list b in velero', 'list b.g in velero'];
    expect(compare(roles, ...used)).toEqual([]);
  });

  it('are reported as missing if no role grants them, or only a Role of another namespace', () => {
    const roles = [
      { ...role('Role', ['a'], ['get']), rules: [{ apiGroups: [''], resources: ['a'], verbs: ['get'] }] },
    ];
    expect(compare(roles, 'get a in velero', 'get a in shop', 'list a in velero')).toEqual([
      'missing: get a',
      'missing: list a',
    ]);
  });

  it('are reported as unused, or as too wide if a Role is enough', () => {
    const roles = [role('ClusterRole', ['a'], ['get']), role('Role', ['b'], ['get'])];
    expect(compare(roles, 'get a in velero', 'get b in velero')).toEqual([
      'too wide: get a, a Role would do',
      'unused: get a.g, in the ClusterRole',
      'unused: get b.g, in the Role',
    ]);
  });

  it('are those of one name', () => {
    expect(compare([{ ...role('Role', ['a'], ['get']), metadata: { name: 'two' } }])).toEqual([]);
  });
});

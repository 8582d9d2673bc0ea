import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isPrefix, ownerOf, repositoryPath } from './repository-path.ts';

const location = { cluster: 'c1', namespace: 'app', pvc: 'data' };

describe('the path of a repository', () => {
  it.each([
    ['', 'c1/app/data'],
    ['backups', 'backups/c1/app/data'],
    ['/backups//team-a/', 'backups/team-a/c1/app/data'],
  ])('below the prefix "%s" is %s', (prefix, path) => {
    expect(repositoryPath({ prefix, ...location })).toBe(path);
  });

  it('identifies its cluster, namespace and claim with any prefix', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
    fc.assert(
      fc.property(fc.array(name), name, name, name, (prefix, cluster, namespace, pvc) => {
        const path = repositoryPath({ prefix: prefix.join('/'), cluster, namespace, pvc });
        expect(ownerOf(path)).toEqual({ cluster, namespace, pvc });
      }),
    );
  });

  it.each([
    '',
    'app/data',
    'c1//app/data',
    '/c1/app/data',
    'c1/app/data/',
    'c1/../app/data',
    './c1/app/data',
    // A URL parser reads each of these as c1/shop/data.
    'c1/app/..%2Fshop%2Fdata',
    'c1/app/%2E%2E',
    'c1/shop/data#/c1/app/data',
    'c1/shop/data?/c1/app/data',
    'c1\\shop/app/data',
    'c1/app/data\n',
    'c1/app/da ta',
    'c1/app/--option',
    'c1/-o/data',
    'C1/app/data',
  ])('is not "%s"', (path) => {
    expect(ownerOf(path)).toBeUndefined();
  });

  it.each(['', 'backups', '/backups//team-a/', 'a.b/c_d'])('accepts the prefix "%s"', (prefix) => {
    expect(isPrefix(prefix)).toBe(true);
  });

  it.each(['..', 'a/../b', './a', 'a%2Fb', 'a?b', 'a#b', 'a b'])('rejects the prefix "%s"', (prefix) => {
    expect(isPrefix(prefix)).toBe(false);
  });
});

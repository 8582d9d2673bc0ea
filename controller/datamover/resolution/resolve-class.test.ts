import { describe, expect, it } from '@jest/globals';
import { dataMoverClassSpec, type DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Mover } from '../../../movers/mover.ts';
import { pinMover, bindClass, resolvedForCleanup, type ResolvedClass } from './resolve-class.ts';

const capabilities: Mover['capabilities'] = {
  volumeModes: ['Filesystem'],
  accessModes: [],
  liveSource: true,
  byteProgress: true,
  incremental: true,
  verify: [],
  forget: true,
};

function mover(name: string): Mover {
  return {
    name,
    capabilities,
    requestSettings: ['b', 'bad', 'cacheCapacity'],
    snapshotIDs: { pattern: /[0-9]+/, form: 'digits' },
    placeSettings: ['backupStorageLocation', 'resticImage'],
    secretSetting: { name: 'resticSecret', allowed: 'allowedResticSecrets' },
    parseConfig: (raw) => ('bad' in raw ? { problem: 'config.bad: is bad' } : { config: raw }),
    backup: () => Promise.reject(new Error('not here')),
    restore: () => Promise.reject(new Error('not here')),
    forget: () => Promise.reject(new Error('not here')),
    cleanup: () => Promise.resolve([]),
    claimsOf: () => [],
  };
}

const movers = new Map([mover('Mine'), mover('AlsoMine')].map((one) => [one.name, one]));

function dataMoverClass(config?: Record<string, unknown>, name = 'Mine'): DataMoverClass {
  return {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata: { name: 'gold' },
    spec: dataMoverClassSpec.parse({ mover: name, ...(config !== undefined && { config }) }),
  };
}

describe('serving', () => {
  it('is for classes of our movers only', () => {
    expect(bindClass(movers, dataMoverClass({}, 'Theirs'), {})).toBeUndefined();
    expect(bindClass(movers, dataMoverClass({}), {})).toMatchObject({ mover: { name: 'Mine' } });
  });

  it('is refused if the class requires a verification that its mover does not support', () => {
    const wanting = dataMoverClass({});
    const asked = { ...wanting, spec: { ...wanting.spec, verify: 'Data' as const } };
    expect(bindClass(movers, asked, {})).toMatchObject({
      reason: 'InvalidConfig',
      message: expect.stringContaining('spec.verify is Data, which mover Mine cannot do') as unknown,
    });
    const able = { ...mover('Mine'), capabilities: { ...capabilities, verify: ['Metadata' as const] } };
    expect(bindClass(new Map([['Mine', able]]), asked, {})).toMatchObject({ reason: 'InvalidConfig' });
    asked.spec.verify = 'Metadata' as never;
    expect(bindClass(new Map([['Mine', able]]), asked, {})).toMatchObject({ mover: { name: 'Mine' } });
  });

  it("prefers a request's settings to the class's, and does not pass the administrator's to the mover", () => {
    const asked = bindClass(
      movers,
      dataMoverClass({ a: 1, b: 2, repositoryPrefix: 'x/y', allowedResticSecrets: ['s'] }),
      { config: { b: 3, resticSecret: { name: 's' } } },
    );
    expect(asked).toMatchObject({
      repositoryPrefix: 'x/y',
      config: { a: 1, b: 3, resticSecret: { name: 's' } },
    });
    expect((asked as ResolvedClass).config).not.toHaveProperty('allowedResticSecrets');
    expect((asked as ResolvedClass).config).not.toHaveProperty('repositoryPrefix');
  });

  it.each([
    [
      'Forbidden',
      {},
      { repositoryPrefix: 'x' },
      'spec.config.repositoryPrefix may only be set in DataMoverClass gold',
    ],
    [
      'Forbidden',
      { a: 1 },
      { a: 1 },
      'spec.config.a may only be set in DataMoverClass gold; a request may set resticSecret, b, bad, cacheCapacity',
    ],
    [
      'Forbidden',
      {},
      JSON.parse('{"__proto__":{"b":1}}') as Record<string, unknown>,
      'spec.config.__proto__',
    ],
    [
      'Forbidden',
      {},
      { resticSecret: { name: 'other' } },
      'spec.config.resticSecret.name other is not allowed',
    ],
    ['Forbidden', { allowedResticSecrets: 'other' }, { resticSecret: { name: 'other' } }, 'not allowed'],
    ['InvalidConfig', { repositoryPrefix: '../up' }, {}, 'config.repositoryPrefix'],
    ['InvalidConfig', { repositoryPrefix: './here' }, {}, 'config.repositoryPrefix'],
    ['InvalidConfig', { repositoryPrefix: 'a%2Fb' }, {}, 'config.repositoryPrefix'],
    ['InvalidConfig', { repositoryPrefix: 5 }, {}, 'config.repositoryPrefix'],
    ['InvalidConfig', { bad: true }, {}, 'config.bad: is bad'],
    ['InvalidConfig', {}, { bad: true }, 'config.bad: is bad'],
  ])('is refused with %s for class %j and request %j', (reason, ofClass, ofRequest, text) => {
    expect(bindClass(movers, dataMoverClass(ofClass), { config: ofRequest })).toMatchObject({
      reason,
      message: expect.stringContaining(text),
    });
  });

  it.each([{ resticSecret: { name: 'own' } }, { resticSecret: { name: 'own' }, cacheCapacity: '2Gi' }])(
    "allows the class's own secret to be named: %j",
    (config) => {
      expect(bindClass(movers, dataMoverClass({ resticSecret: { name: 'own' } }), { config })).toMatchObject({
        config,
      });
    },
  );
});

describe('settings for one StorageClass', () => {
  const withOptions = (storageClasses: DataMoverClass['spec']['storageClasses']): DataMoverClass => {
    const object = dataMoverClass({ size: '1Gi', kept: true });
    return { ...object, spec: { ...object.spec, storageClasses } };
  };
  const both = withOptions({ fs: { config: { size: '5Gi' } }, '*': { config: { size: '2Gi', other: 1 } } });

  it.each([
    ['its own entry', 'fs', { size: '5Gi', kept: true }],
    ['the entry for the rest', 'rbd', { size: '2Gi', kept: true, other: 1 }],
    [
      'the entry for the rest, also where no class is named',
      undefined,
      { size: '2Gi', kept: true, other: 1 },
    ],
    [
      'the entry for the rest, whatever every object has',
      'constructor',
      { size: '2Gi', kept: true, other: 1 },
    ],
  ])('come from %s', (_, storageClassName, config) => {
    expect(bindClass(movers, both, { storageClassName })).toMatchObject({ config });
    expect((bindClass(movers, both, { storageClassName }) as ResolvedClass).config).toEqual(config);
  });

  it('are empty if the class does not configure it', () => {
    const resolved = bindClass(movers, withOptions({ fs: { config: { size: '5Gi' } } }), {
      storageClassName: 'rbd',
    });
    expect((resolved as ResolvedClass).config).toEqual({ size: '1Gi', kept: true });
    expect((resolved as ResolvedClass).options).toEqual({});
  });

  it("are overridden by the request's", () => {
    const asked = { storageClassName: 'fs', config: { b: 9 } };
    const object = withOptions({ fs: { config: { b: 5 } } });
    expect(bindClass(movers, object, asked)).toMatchObject({ config: { b: 9 } });
  });

  it.each(['resticSecret', 'allowedResticSecrets', 'repositoryPrefix', 'resticImage'])(
    'must not set the location of the data: %s',
    (key) => {
      const resolved = bindClass(movers, withOptions({ fs: { config: { [key]: 'x' } } }), {
        storageClassName: 'fs',
      });
      expect(resolved).toMatchObject({
        reason: 'InvalidConfig',
        message: expect.stringContaining(`spec.storageClasses must not set config.${key}`),
      });
    },
  );
});

describe('the mover of a request', () => {
  const resolved = bindClass(movers, dataMoverClass({}), {});
  const problem = { reason: 'ClassNotFound' as const, message: 'gone' };

  it.each([
    ['a new one', undefined, resolved, resolved],
    ['one that nobody serves', undefined, undefined, undefined],
    ['one of its own', 'Mine', resolved, resolved],
    ['one whose class has gone', 'Mine', problem, problem],
    ["somebody else's, whose class has gone", 'Theirs', problem, undefined],
    ["somebody else's, whose class is ours now", 'Theirs', resolved, undefined],
  ])('stays for %s', (_, begunBy, given, kept) => {
    expect(pinMover(movers, begunBy, given)).toBe(kept);
  });

  it.each([
    ['somebody else', undefined],
    ['another of ours', resolved],
  ])('cannot change to %s', (_, given) => {
    expect(pinMover(movers, 'AlsoMine', given)).toMatchObject({ reason: 'InvalidConfig' });
  });
});

describe('serving for clean-up', () => {
  it('finds the mover that began the work', () => {
    expect(resolvedForCleanup(movers, { mover: 'Mine', dataMoverClass: 'gold' })).toMatchObject({
      mover: { name: 'Mine' },
      class: { metadata: { name: 'gold' } },
    });
  });

  it.each([undefined, {}, { mover: 'Theirs' }])('has nothing to clean up for %j', async (status) => {
    const { mover: idle } = resolvedForCleanup(movers, status);
    const target = { kind: 'backup' as const, name: 'x', labels: {}, annotations: {} };
    expect(await idle.cleanup({ ...target, signal: new AbortController().signal })).toEqual([]);
    expect(idle.claimsOf(target)).toEqual([]);
    expect(movers.has(idle.name)).toBe(false);
  });
});

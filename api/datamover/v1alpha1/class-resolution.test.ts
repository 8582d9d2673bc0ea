import { describe, expect, it } from '@jest/globals';
import { isDefaultClass, resolveClass, resolveRecorded } from './class-resolution.ts';
import { dataMoverClassSpec, type DataMoverClass } from './data-mover-class.ts';
import { annotations } from './keys.ts';

interface ClassOptions {
  installation?: string;
  volumes?: DataMoverClass['spec']['volumes'];
  status?: DataMoverClass['status'];
  selector?: string;
  byDefault?: string;
  created?: string;
}

function aClass(
  name: string,
  { selector, byDefault, created, installation, volumes, status }: ClassOptions = {},
): DataMoverClass {
  return {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata: {
      name,
      ...(created !== undefined && { creationTimestamp: created }),
      ...(byDefault !== undefined && { annotations: { [annotations.defaultClass]: byDefault } }),
    },
    spec: dataMoverClassSpec.parse({
      mover: 'VolSync',
      ...(selector !== undefined && { selector }),
      ...(installation !== undefined && { installation }),
      ...(volumes !== undefined && { volumes }),
    }),
    ...(status !== undefined && { status }),
  };
}

function aClaim(labels?: Record<string, string>, className?: string) {
  return {
    metadata: {
      name: 'data',
      namespace: 'shop',
      ...(labels && { labels }),
      ...(className !== undefined && { annotations: { [annotations.className]: className } }),
    },
  };
}

const gold = aClass('gold', { selector: 'tier=gold' });
const fallback = aClass('fallback', { byDefault: 'true' });
const all = [gold, fallback];

describe('resolveClass', () => {
  it('takes the class that the request names, before everything else', () => {
    const result = resolveClass(all, aClaim({ tier: 'gold' }, 'gold'), { requested: 'fallback' });
    expect(result).toEqual({ outcome: 'resolved', class: fallback, by: 'request' });
  });

  it('takes the class of the annotation before every selector', () => {
    const result = resolveClass(all, aClaim({ tier: 'gold' }, 'fallback'));
    expect(result).toEqual({ outcome: 'resolved', class: fallback, by: 'annotation' });
  });

  it('takes the one class whose selector matches before the default', () => {
    expect(resolveClass(all, aClaim({ tier: 'gold' }))).toEqual({
      outcome: 'resolved',
      class: gold,
      by: 'selector',
    });
  });

  it('takes the default when no selector matches', () => {
    expect(resolveClass(all, aClaim({ tier: 'lead' }))).toEqual({
      outcome: 'resolved',
      class: fallback,
      by: 'default',
    });
  });

  it.each([
    ['no class at all', []],
    ['no default', [gold]],
    ['a default annotation that is not "true"', [aClass('c', { byDefault: 'yes' })]],
    ['a class without selector that is no default', [aClass('c')]],
    ['a selector of white space only', [aClass('c', { selector: '  ' })]],
  ])('leaves the claim to Velero: %s', (_, classes) => {
    expect(resolveClass(classes, aClaim())).toEqual({
      outcome: 'none',
      message:
        'no DataMoverClass selects PersistentVolumeClaim shop/data and none is marked as default (annotation oadp.openshift.io/default: "true"); its data is not moved',
    });
  });

  it('fails if the request names a class that does not exist, and lists the existing classes', () => {
    expect(resolveClass(all, aClaim(), { requested: 'golf' })).toEqual({
      outcome: 'failed',
      reason: 'ClassNotFound',
      message: 'the request names DataMoverClass golf, which does not exist (there are: gold, fallback)',
    });
  });

  it('fails if the annotation names a class that does not exist, and names the annotated claim', () => {
    expect(resolveClass([], aClaim({}, 'golf'))).toEqual({
      outcome: 'failed',
      reason: 'ClassNotFound',
      message:
        'the annotation oadp.openshift.io/data-mover-class of PersistentVolumeClaim shop/data names DataMoverClass golf, which does not exist (there are: none)',
    });
  });

  it('fails when several selectors match, and names the classes in a fixed order', () => {
    const classes = [aClass('zinc', { selector: 'tier' }), gold, fallback];
    expect(resolveClass(classes, aClaim({ tier: 'gold' }))).toEqual({
      outcome: 'failed',
      reason: 'AmbiguousClass',
      message:
        'PersistentVolumeClaim shop/data is selected by 2 DataMoverClasses (gold, zinc); change its labels or their spec.selector, or name one in its annotation oadp.openshift.io/data-mover-class',
    });
  });

  it('skips a class whose selector cannot be read', () => {
    const broken = aClass('broken', { selector: 'tier in gold' });
    expect(resolveClass([broken, fallback], aClaim({ tier: 'gold' }))).toMatchObject({ class: fallback });
  });

  describe('among several defaults', () => {
    const old = aClass('old', { byDefault: 'true', created: '2026-01-01T00:00:00Z' });
    const young = aClass('young', { byDefault: 'true', created: '2026-02-01T00:00:00Z' });
    const twin = aClass('twin', { byDefault: 'true', created: '2026-02-01T00:00:00Z' });

    it('takes the newest', () => {
      expect(resolveClass([old, young], aClaim())).toMatchObject({ class: young, by: 'default' });
      expect(resolveClass([young, old], aClaim())).toMatchObject({ class: young, by: 'default' });
    });

    it('takes the first by name of two that are equally new', () => {
      expect(resolveClass([young, twin, old], aClaim())).toMatchObject({ class: twin });
      expect(resolveClass([twin, young, old], aClaim())).toMatchObject({ class: twin });
    });
  });

  it('does not reorder the list it was given', () => {
    const classes = [aClass('a', { byDefault: 'true' }), aClass('b', { byDefault: 'true', created: '2026' })];
    resolveClass(classes, aClaim());
    expect(classes.map((c) => c.metadata.name)).toEqual(['a', 'b']);
  });
});

describe('of classes that do not take every volume', () => {
  const files: DataMoverClass['status'] = {
    capabilities: { volumeModes: ['Filesystem'], accessModes: ['ReadWriteOnce'] },
  };
  const standard = aClass('standard', { byDefault: 'true', status: files, created: '2026-02-01T00:00:00Z' });
  const raw = aClass('raw', {
    byDefault: 'true',
    volumes: { volumeModes: ['Block'] },
    created: '2026-01-01T00:00:00Z',
  });
  const small = aClass('small', { selector: 'tier=gold', volumes: { maxSize: '1Gi' } });
  const large = aClass('large', { selector: 'tier', volumes: { maxSize: '10Gi' } });
  const block = { volumeMode: 'Block' } as const;
  const gi = (size: number) => ({ volumeMode: 'Filesystem', size: size * 2 ** 30 }) as const;

  it.each([
    [
      'the default that takes it, though a newer one does not',
      [standard, raw],
      aClaim(),
      block,
      'raw',
      'default',
    ],
    ['the newest default that takes it', [standard, raw], aClaim(), gi(1), 'standard', 'default'],
    [
      'the one selected class that takes it',
      [small, large],
      aClaim({ tier: 'gold' }),
      gi(5),
      'large',
      'selector',
    ],
    [
      'the default where no selected class takes it',
      [small, standard],
      aClaim({ tier: 'gold' }),
      gi(5),
      'standard',
      'default',
    ],
    [
      'a class of unknown abilities',
      [aClass('old', { byDefault: 'true' })],
      aClaim(),
      block,
      'old',
      'default',
    ],
    [
      'the annotated class, whatever it takes',
      [standard, raw],
      aClaim({}, 'standard'),
      block,
      'standard',
      'annotation',
    ],
  ])('a claim gets %s', (_, classes, claim, volume, name, by) => {
    expect(resolveClass(classes, claim, { volume })).toMatchObject({ class: { metadata: { name } }, by });
  });

  it('a request gets the class that it names even if that class does not take its volume', () => {
    const named = resolveClass([standard, raw], aClaim(), { requested: 'standard', volume: block });
    expect(named).toMatchObject({ class: standard, by: 'request' });
  });

  it('several that take it and select it are ambiguous as before', () => {
    expect(resolveClass([small, large], aClaim({ tier: 'gold' }), { volume: gi(1) })).toMatchObject({
      outcome: 'failed',
      reason: 'AmbiguousClass',
    });
  });

  it('a claim that none of them takes gets no class, and the message lists all reasons', () => {
    const resolution = resolveClass([small, standard], aClaim({ tier: 'gold' }), {
      volume: { ...block, size: 5 * 2 ** 30 },
    });
    expect(resolution).toEqual({
      outcome: 'none',
      message:
        'no DataMoverClass takes PersistentVolumeClaim shop/data: small: it has 5368709120 bytes, and spec.volumes.maxSize of the class is 1Gi; standard: its volumeMode is Block, which mover VolSync cannot move; its data is not moved',
    });
  });

  it('names that there is no default among the reasons', () => {
    expect(resolveClass([small], aClaim({ tier: 'gold' }), { volume: gi(5) })).toMatchObject({
      outcome: 'none',
      message: expect.stringMatching(/1Gi; none is marked as default \(.*\); its data is not moved$/),
    });
  });

  it('counts those that a message has no room for', () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      aClass(`c${String(index)}`, { byDefault: 'true', status: files }),
    );
    const { message } = resolveClass(many, aClaim(), { volume: block }) as { message: string };
    expect(message.match(/volumeMode is Block/g)).toHaveLength(5);
    expect(message).toContain('; 35 more; its data is not moved');
  });
});

describe('isDefaultClass', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['', false],
  ])('annotation %p: %p', (byDefault, expected) => {
    expect(isDefaultClass(aClass('c', { byDefault }))).toBe(expected);
  });

  it('is false without annotations', () => {
    expect(isDefaultClass(aClass('c'))).toBe(false);
  });
});

describe('of several installations in one cluster', () => {
  const ofA = aClass('of-a', { selector: 'tier=gold', byDefault: 'true', installation: 'velero-a' });
  const ofB = aClass('of-b', { selector: 'tier=gold', byDefault: 'true', installation: 'velero-b' });

  it.each([
    ['velero-a', ofA],
    ['velero-b', ofB],
  ])('%s gets its own class, by selector and by default', (installation, own) => {
    const gold = resolveClass([ofA, ofB], aClaim({ tier: 'gold' }), { installation });
    expect(gold).toEqual({ outcome: 'resolved', class: own, by: 'selector' });
    expect(resolveClass([ofA, ofB], aClaim(), { installation })).toMatchObject({ class: own, by: 'default' });
  });

  describe('its own default class', () => {
    const defaultOf = (name: string, created: string, how: ClassOptions = {}) =>
      aClass(name, { byDefault: 'true', created, ...how });
    const own = defaultOf('own', '2026-01-01T00:00:00Z', { installation: 'velero-a' });
    const newerOwn = defaultOf('newer-own', '2026-02-01T00:00:00Z', { installation: 'velero-a' });
    const shared = defaultOf('shared', '2026-03-01T00:00:00Z');
    const installation = 'velero-a';
    const classesOf = (classes: readonly DataMoverClass[], asker?: string) => [
      resolveClass(classes, aClaim(), { installation: asker }),
      ...(asker === undefined
        ? []
        : [
            resolveRecorded(classes, {
              subject: 'DataMoverDelete velero/d',
              name: undefined,
              installation: asker,
              isIdentified: true,
            }),
          ]),
    ];

    it.each([
      ['before a newer one that all installations share', [own, shared], own],
      ['the newest of several', [shared, newerOwn, own], newerOwn],
    ])('serves an installation %s', (_, classes, expected) => {
      const resolved = { outcome: 'resolved', class: expected, by: 'default' };
      expect(classesOf(classes, installation)).toEqual([resolved, resolved]);
      expect(classesOf([...classes].reverse(), installation)).toEqual([resolved, resolved]);
    });

    it('does not serve another installation, which gets the shared one', () => {
      expect(classesOf([own, shared], 'velero-b')).toMatchObject([{ class: shared }, { class: shared }]);
    });

    it('has no precedence for a request that names no installation: the newest serves', () => {
      expect(classesOf([own, shared])).toMatchObject([{ class: shared }]);
    });

    it.each<[string, ClassOptions]>([
      ['takes the volume', { volumes: { volumeModes: ['Block'] } }],
      ['is a default', { byDefault: 'false' }],
    ])('yields to the shared one unless it %s', (_, how) => {
      const other = defaultOf('other', '2026-01-01T00:00:00Z', { installation, ...how });
      const volume = { volumeMode: 'Filesystem' } as const;
      expect(resolveClass([other, shared], aClaim(), { installation, volume })).toMatchObject({
        class: shared,
      });
    });

    it('yields to the shared one while it is being deleted', () => {
      const leaving = { ...own, metadata: { ...own.metadata, deletionTimestamp: '2026-04-01T00:00:00Z' } };
      expect(classesOf([leaving, shared], installation)).toMatchObject([
        { class: shared },
        { class: shared },
      ]);
    });
  });

  it('each may use a class that names none', () => {
    expect(resolveClass(all, aClaim(), { installation: 'velero-a' })).toMatchObject({ class: fallback });
  });

  it('none may use a class of another, and the error names the installation that the class serves', () => {
    const wish = { requested: 'of-b', installation: 'velero-a' };
    expect(resolveClass([ofA, ofB], aClaim(), wish)).toEqual({
      outcome: 'failed',
      reason: 'ClassNotFound',
      message:
        'the request names DataMoverClass of-b, which serves the installation in namespace velero-b only, and not the one in velero-a; name a class that serves velero-a',
    });
  });

  it('any class can be named by a request that names no installation', () => {
    expect(resolveClass([ofA, ofB], aClaim(), { requested: 'of-b' })).toMatchObject({ class: ofB });
  });
});

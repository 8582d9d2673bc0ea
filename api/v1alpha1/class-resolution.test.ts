import { describe, expect, it } from '@jest/globals';
import { isDefaultClass, resolveClass } from './class-resolution.ts';
import { dataMoverClassSpec, type DataMoverClass } from './data-mover-class.ts';
import { annotations } from './keys.ts';

interface ClassOptions {
  installation?: string;
  selector?: string;
  byDefault?: string;
  created?: string;
}

function aClass(
  name: string,
  { selector, byDefault, created, installation }: ClassOptions = {},
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
    }),
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

  it('fails when the request names a class that does not exist, and says which there are', () => {
    expect(resolveClass(all, aClaim(), { requested: 'golf' })).toEqual({
      outcome: 'failed',
      reason: 'ClassNotFound',
      message: 'the request names DataMoverClass golf, which does not exist (there are: gold, fallback)',
    });
  });

  it('fails when the annotation names a class that does not exist, and says where', () => {
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

  it('each may use a class that names none', () => {
    expect(resolveClass(all, aClaim(), { installation: 'velero-a' })).toMatchObject({ class: fallback });
  });

  it('none gets the class of another, and is told whose it is', () => {
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

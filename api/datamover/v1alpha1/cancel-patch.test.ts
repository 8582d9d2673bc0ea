import { expect, it } from '@jest/globals';
import { cancelPatch } from './cancel-patch.ts';

it.each([
  ['its uid', { uid: 'u' }, { uid: 'u' }],
  ['its uid and version', { uid: 'u', resourceVersion: '7' }, { uid: 'u', resourceVersion: '7' }],
])('a request is canceled only with %s, where that is known', (_, known, metadata) => {
  expect(cancelPatch(known)).toEqual({ metadata, spec: { cancel: true } });
});

it('a request is canceled by its name, where nothing else is known', () => {
  expect(cancelPatch({})).toEqual({ metadata: {}, spec: { cancel: true } });
});

it('a patch has nothing else of the object', () => {
  const metadata = { name: 'dmb-1', namespace: 'app', uid: 'u', labels: { a: 'b' }, finalizers: [] };
  expect(cancelPatch(metadata)).toEqual({ metadata: { uid: 'u' }, spec: { cancel: true } });
});

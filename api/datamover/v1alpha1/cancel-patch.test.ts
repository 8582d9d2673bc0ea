import { expect, it } from '@jest/globals';
import { cancelPatch } from './cancel-patch.ts';

it.each([
  ['its uid', { uid: 'u' }, { uid: 'u' }],
  ['its uid and version', { uid: 'u', resourceVersion: '7' }, { uid: 'u', resourceVersion: '7' }],
])('the cancel patch of a request has %s as a precondition if known', (_, known, metadata) => {
  expect(cancelPatch(known)).toEqual({ metadata, spec: { cancel: true } });
});

it('the cancel patch of a request has no precondition if only its name is known', () => {
  expect(cancelPatch({})).toEqual({ metadata: {}, spec: { cancel: true } });
});

it('a patch has nothing else of the object', () => {
  const metadata = { name: 'dmb-1', namespace: 'app', uid: 'u', labels: { a: 'b' }, finalizers: [] };
  expect(cancelPatch(metadata)).toEqual({ metadata: { uid: 'u' }, spec: { cancel: true } });
});

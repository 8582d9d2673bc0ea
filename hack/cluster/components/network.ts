import { ensureNetns } from '../netns.ts';
import { ensurePki } from '../pki.ts';
import type { Component } from '../component.ts';

export const network: Component = {
  name: 'network',
  title: 'network namespace',
  prepare: ({ config }) => ensureNetns(config.network),
};

export const pki: Component = {
  name: 'pki',
  title: 'keys and certificates',
  prepare: ({ config }) => ensurePki(config),
};

/**
 * Conformance tests for movers on a real cluster, also for movers of other packages, with any test runner.
 *
 * @packageDocumentation
 */
export { moverConformance, type Conformance } from './suite.ts';
export type { Config, MoverUnderTest, UnusableAccess } from './subject.ts';
export { podVolumes, type PodVolumesOptions, type Volumes } from './volumes.ts';
export type { Entry, Manifest } from '../manifest/manifest.ts';

/**
 * What every mover must do, to be tried on a cluster: for movers of other packages too, and for any test runner.
 *
 * @packageDocumentation
 */
export { moverConformance, type Conformance } from './suite.ts';
export type { Config, MoverUnderTest, UnusableAccess } from './subject.ts';
export { podVolumes, type PodVolumesOptions, type Volumes } from './volumes.ts';
export type { Entry, Manifest } from '../manifest/manifest.ts';

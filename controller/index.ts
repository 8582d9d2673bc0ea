/**
 * A controller around movers: the whole program but for the moving itself.
 *
 * @packageDocumentation
 */
export { startDataMover } from './start.ts';
export type { ControllerOptions } from './start.ts';

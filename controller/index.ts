/**
 * The controller without the movers: everything except moving the data.
 *
 * @packageDocumentation
 */
export { startDataMover } from './start.ts';
export type { ControllerOptions } from './start.ts';

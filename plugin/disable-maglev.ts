import { setFlagsFromString } from 'node:v8';

/**
 * Disables Maglev, V8's mid-tier compiler, once the process serves its first action: under load it uses tens of megabytes of
 * Velero's memory limit, and hot code is still optimized by TurboFan. Call it only after all needed modules of Node are loaded,
 * because with other flags V8 rejects their code cache.
 */
export function disableMaglev(): void {
  setFlagsFromString('--no-maglev');
}

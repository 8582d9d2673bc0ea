import { setFlagsFromString } from 'node:v8';

/**
 * Takes Maglev, the compiler in the middle, out of a process that has begun to work: under load it holds on to tens of
 * megabytes, in which Velero could live, and code that is hot for long still gets V8's best. Not to be called before the
 * modules of Node are loaded that the process needs: with another set of flags V8 refuses their cached code.
 */
export function leaveOutMaglev(): void {
  setFlagsFromString('--no-maglev');
}

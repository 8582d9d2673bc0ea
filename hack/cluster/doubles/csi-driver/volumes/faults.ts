import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Faults that a test requests through the parameters of a StorageClass or VolumeSnapshotClass:
 * - `failCreate: "message"` every create fails with that message;
 * - `delaySeconds: "n"` the create itself takes that long (for a snapshot: before it is taken);
 * - `readyDelaySeconds: "n"` snapshots only: the snapshot is taken at once, but becomes ready only after that time;
 * - `holdsMiB: "n"` volumes only: the volume is full after that much, whatever its capacity.
 */
export interface Faults {
  failCreate?: string;
  delayMs: number;
  readyDelayMs: number;
  holdsMiB?: number;
}

/** Reads the faults. Throws an error that names the parameter if its value is not a number. */
export function readFaults(parameters: Readonly<Record<string, string>>): Faults {
  const { failCreate } = parameters;
  return {
    ...(failCreate === undefined ? {} : { failCreate }),
    delayMs: secondsOf(parameters, 'delaySeconds') * 1000,
    readyDelayMs: secondsOf(parameters, 'readyDelaySeconds') * 1000,
    ...('holdsMiB' in parameters && { holdsMiB: numberOf(parameters, 'holdsMiB', 'of MiB') }),
  };
}

function secondsOf(parameters: Readonly<Record<string, string>>, key: string): number {
  return numberOf(parameters, key, 'of seconds');
}

function numberOf(parameters: Readonly<Record<string, string>>, key: string, unit: string): number {
  const text = parameters[key];
  if (text === undefined) return 0;
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new Error(`class parameter ${key} must be a number ${unit}, not ${JSON.stringify(text)}`);
  }
  return number;
}

/** Waits and fails as requested; called before the actual create. */
export async function applyFaults(faults: Faults, signal?: AbortSignal): Promise<void> {
  if (faults.delayMs > 0) await sleep(faults.delayMs, undefined, signal === undefined ? {} : { signal });
  if (faults.failCreate !== undefined) throw new Error(faults.failCreate);
}

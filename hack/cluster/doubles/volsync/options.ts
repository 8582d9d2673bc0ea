import { parseArgs } from 'node:util';
import type { Settings } from './scope.ts';

/** The double's command line. */
export interface DoubleOptions extends Settings {
  kubeconfig: string;
  verbose: boolean;
}

/** Throws an error that names the flag. */
export function parseOptions(args: readonly string[]): DoubleOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kubeconfig: { type: 'string', default: '' },
      'mover-image': { type: 'string', default: '' },
      'time-scale': { type: 'string', default: '1' },
      'failure-limit': { type: 'string', default: '8' },
      'log-max-bytes': { type: 'string', default: '1024' },
      verbose: { type: 'boolean', default: false },
    },
  });
  return {
    kubeconfig: required(values.kubeconfig, '--kubeconfig'),
    moverImage: required(values['mover-image'], '--mover-image'),
    timeScale: positive(values['time-scale'], '--time-scale'),
    failureLimit: positive(values['failure-limit'], '--failure-limit'),
    logMaxBytes: positive(values['log-max-bytes'], '--log-max-bytes'),
    verbose: values.verbose,
  };
}

function required(value: string, flag: string): string {
  if (value === '') throw new Error(`${flag} is required`);
  return value;
}

function positive(text: string, flag: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new Error(`${flag} must be a positive number, not ${text}`);
  return value;
}

import { describe, expect, it } from '@jest/globals';
import { parseFlags } from './config.ts';

describe('the flags of the Velero server', () => {
  it.each([
    [[], 'info', false],
    [['--log-level=debug'], 'debug', false],
    [['--log-level', 'warning'], 'warn', false],
    [['--log-level=debug', '--log-level=error'], 'error', false],
    [['--log-level=panic'], 'error', false],
    [['--log-level=loud'], 'info', false],
    [['--log-level'], 'info', false],
    [['--features=EnableCSI'], 'info', true],
    [['--features', 'EnableAPIGroupVersions,EnableCSI'], 'info', true],
    [['--features=', '--colorized=false', '--unknown', 'x', '--', '-z'], 'info', false],
  ])('%p', (args, logLevel, csiEnabled) => {
    expect(parseFlags(['/plugins/x', '/plugins/x', ...args])).toEqual({ logLevel, csiEnabled });
  });
});

import { expect, it } from '@jest/globals';
import type { Job, Pod } from '../../../api/kubernetes/core.ts';
import { repositoryContext } from '../access/repository-context.ts';
import { plainLine } from '../../../lifecycle/request/plain-text.ts';
import { observeRun } from '../job/observe-run.ts';

const remedies = { privileges: 'let it do more', space: 'give it more' };

const LINES = [
  ['Fatal: Get "https://user:hush@host/x": refused', 'Fatal: Get "https://host/x": refused'],
  [
    'Fatal: Head "https://a.blob.core.windows.net/b/c?sv=1&sig=hush%3D": refused',
    'Fatal: Head "https://a.blob.core.windows.net/b/c": refused',
  ],
  ['why? nobody knows', 'why? nobody knows'],
] as const;

it.each(LINES)('%s is quoted without the credentials of a URL', (line, quoted) => {
  expect(plainLine(line)).toBe(quoted);
});

it.each(LINES)('so it is in the message of a removal that fails: %s', (line, quoted) => {
  const metadata = { name: 'dmd-1' };
  const state = { terminated: { exitCode: 1 } };
  const seen = {
    program: 'restic' as const,
    doing: 'removing the snapshot',
    job: { apiVersion: 'batch/v1', kind: 'Job', metadata, status: { failed: 3 } } as Job,
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { containers: [{ name: 'restic' }] },
      status: { phase: 'Failed', containerStatuses: [{ name: 'restic', state }] },
    } as Pod,
    podLog: { lines: [line], movedAt: undefined, complete: true },
    context: repositoryContext('c1/app/data', 'velero/restic-config', remedies),
  };
  const outcome = observeRun(seen);
  expect(outcome).toMatchObject({ state: 'Failed', message: expect.stringContaining(quoted) });
  expect(JSON.stringify(outcome)).not.toContain('hush');
});

import { describe, expect, it } from '@jest/globals';
import type { Job, Pod } from '../../../api/external/core.ts';
import { judgeRemoval, type Removal } from './forget.ts';
import { placeOf } from './place.ts';

function removal(more: {
  job?: Job['status'];
  phase?: string;
  exitCode?: number;
  lines?: string[];
  complete?: boolean;
}): Removal {
  const { job = {}, phase, exitCode, lines = [], complete = true } = more;
  const state = exitCode === undefined ? {} : { terminated: { exitCode } };
  return {
    job: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'dmd-1' }, status: job },
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'dmd-1-x' },
      spec: { containers: [{ name: 'restic' }] },
      status: { phase, containerStatuses: [{ name: 'restic', state }] },
    } as Pod,
    podLog: { lines, lastLineAt: undefined, complete },
    place: placeOf('c1/app/data', 'velero/restic-config'),
  };
}

describe('a look at a removal', () => {
  it('is done when restic has ended well', () => {
    const seen = removal({ job: { succeeded: 1 }, lines: ['1 snapshots have been removed, running prune'] });
    expect(judgeRemoval(seen)).toEqual({ state: 'Done', facts: { alreadyGone: false } });
  });

  it('takes a snapshot that restic does not know for removed', () => {
    const lines = ['Ignoring "deadbeef": no matching ID found for prefix "deadbeef"'];
    expect(judgeRemoval(removal({ job: { succeeded: 1 }, lines }))).toEqual({
      state: 'Done',
      facts: { alreadyGone: true },
    });
  });

  it('goes on while restic works, and says whether it has begun', () => {
    expect(judgeRemoval(removal({ phase: 'Pending' }))).toMatchObject({
      state: 'InProgress',
      started: false,
    });
    expect(judgeRemoval(removal({ phase: 'Running' }))).toMatchObject({ state: 'InProgress', started: true });
  });

  it('says what keeps restic from starting', () => {
    const seen = removal({ phase: 'Pending' });
    const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
    seen.pod!.status!.containerStatuses = [{ name: 'restic', state: { waiting } }];
    expect(judgeRemoval(seen)).toMatchObject({
      state: 'InProgress',
      message: 'restic cannot start: ImagePullBackOff: no such image',
    });
  });

  it('waits for the whole log of a failed pod', () => {
    const seen = removal({ job: { failed: 1 }, phase: 'Failed', complete: false });
    expect(judgeRemoval(seen)).toMatchObject({ state: 'InProgress', requeueAfterMs: 2000 });
  });

  it('fails at once where trying again is of no use, naming secret and key', () => {
    const lines = ['Fatal: wrong password or no key found'];
    const outcome = judgeRemoval(removal({ job: { failed: 1 }, phase: 'Failed', exitCode: 12, lines }));
    expect(outcome).toMatchObject({ state: 'Failed', reason: 'WrongPassword' });
    expect(outcome).toHaveProperty(
      'message',
      expect.stringMatching(/RESTIC_PASSWORD of Secret velero\/restic-config/),
    );
  });

  it('gives an unknown failure three attempts', () => {
    const seen = (failed: number): Removal =>
      removal({ job: { failed }, phase: 'Failed', exitCode: 1, lines: ['Fatal: something odd'] });
    expect(judgeRemoval(seen(2)).state).toBe('InProgress');
    expect(judgeRemoval(seen(3))).toMatchObject({ state: 'Failed', reason: 'MoverFailed' });
  });
});

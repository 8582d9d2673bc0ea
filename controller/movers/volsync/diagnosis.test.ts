import { describe, expect, it } from '@jest/globals';
import { diagnose } from './diagnosis.ts';

const PLACE = { secret: 'velero/restic-config', repository: 'cluster/shop/database' };

describe('what a failed restore says', () => {
  it('names the file that the mover was not allowed to make, not the count of errors', () => {
    const lines = [
      'ignoring error for /t/null: mknod /data/t/null: operation not permitted',
      'Fatal: There were 1 errors',
    ];
    expect(diagnose(lines, { exitCode: 1 }, PLACE)).toMatchObject({
      reason: 'PermissionDenied',
      evidence: lines[0],
      attempts: 1,
    });
  });

  it('tells how to keep owners', () => {
    const lines = [
      'ignoring error for /a: lchown /data/a: operation not permitted',
      'Fatal: There were 7 errors',
    ];
    expect(diagnose(lines, { exitCode: 1 }, PLACE).message).toContain('volsync.backube/privileged-movers');
  });
});

import { expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { veleroVersions } from './harness-program.ts';
import { claim, restoreAction, veleroRestore } from './objects.ts';
import { children, discover, openSession } from './session.ts';
import { startVeleroHost } from './velero-host.ts';

/** A move causes one process every ten seconds; a day of backups causes thousands. */

const CYCLES = 100;
/** As Velero does when it polls several backups and restores. */
const AT_ONCE = 2;

it.each(veleroVersions)(
  'Velero %s starts and ends a hundred processes, and nothing of them is left',
  async (version) => {
    const tmp = mkdtempSync(join(tmpdir(), 'cycles-'));
    const host = await startVeleroHost({ version, env: { TMPDIR: tmp } });
    await discover(host);
    const item = claim('app', 'data');
    let begun = 0;
    const turn = async (): Promise<void> => {
      while (begun < CYCLES) {
        const session = await openSession(host, `cycle-${String(++begun)}`);
        const { item: echoed } = await session.execute(restoreAction, veleroRestore(), item);
        expect(echoed).toEqual(item);
        await session.close();
        const loud = session.logs().filter(({ level }) => level === 'warning' || level === 'error');
        expect(loud).toEqual([]);
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, turn));
      expect(await children(host)).toEqual([]);
      expect(readdirSync(tmp)).toEqual([]);
    } finally {
      await host.close();
      rmSync(tmp, { recursive: true });
    }
  },
  600_000,
);

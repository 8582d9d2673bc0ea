import assert from 'node:assert/strict';
import type { RequestKind } from '../../../movers/mover.ts';
import { contradictionIn } from '../../../movers/check-capabilities.ts';
import { targetOf } from '../request.ts';
import { eventually } from '../wait.ts';
import type { Case } from './case.ts';

/** Time limit of one request to the cluster, milliseconds. */
const LOOK_LIMIT_MS = 60_000;

const KINDS: readonly RequestKind[] = ['backup', 'restore', 'delete', 'prune'];

/** Checks the mover's description of itself, without moving data. */
export const description: Case = {
  title: 'describes itself, and rejects an unknown setting by its name',
  run: async (trial) => {
    const process = await trial.boot();
    const { mover } = process;
    assert.match(mover.name, /^[A-Za-z][A-Za-z0-9-]*$/, 'a name for DataMoverClass.spec.mover');
    assert.equal(contradictionIn(mover), undefined, 'the description of the mover');
    const { volumeModes, accessModes } = mover.capabilities;
    assert.ok(volumeModes.length > 0 && accessModes.length > 0, 'it can move no volume at all');

    assert.ok('config' in mover.parseConfig(trial.subject.config), 'the configuration that works');
    const parsed = mover.parseConfig({ ...trial.subject.config, noSuchSetting: 1 });
    assert.ok('problem' in parsed, 'an unknown setting must be refused');
    assert.match(parsed.problem, /noSuchSetting/, 'the problem names the setting');

    const where = { claim: 'none', repository: trial.repository('none') };
    const request = trial.request('backup', 'never-begun', where);
    assert.equal(await request.checkAccess(process.mover), undefined, 'the way to a repository that works');
    // Does not check the store: the suite may run where the network differs from that of a controller.
    if (mover.checkEngine !== undefined)
      await eventually('the mover to find its engine at work', async () => {
        const finding = await mover.checkEngine?.(AbortSignal.timeout(LOOK_LIMIT_MS));
        return finding?.status === 'False' ? undefined : finding;
      });

    for (const kind of KINDS) {
      const target = targetOf(trial.subject, kind, 'never-begun');
      for (const claim of mover.claimsOf(target))
        assert.ok(claim.includes(target.name), `claim ${claim} is not named after its request`);
      await trial.cleanUp(process, target);
    }
    await process.end();
  },
};

import { jobs } from '../../../api/kubernetes/core.ts';
import { labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { childNameIn } from '../../../api/datamover/v1alpha1/names.ts';
import type { MoverDependencies, MoverFactory } from '../../../movers/factory.ts';
import type { Mover } from '../../../movers/mover.ts';
import type { MoverFault } from './faults.ts';
import { MemoryJobs, type Config } from './jobs.ts';

/** Returns a mover that moves nothing: it creates a Job per command, which an engine in the same process executes. */
export function memoryMover(fault?: MoverFault): MoverFactory {
  return (deps) => createMemoryMover(deps, fault);
}

function createMemoryMover(deps: MoverDependencies, fault: MoverFault | undefined): Mover<Config> {
  const { informers, namespace } = deps;
  const mirror = informers.informer(jobs, { namespace, labelSelector: labels.requestUid });
  mirror.onChange((before, after) => {
    const name = (after ?? before)?.metadata.name ?? '';
    if (fault !== 'never requeues the request') deps.wake(childNameIn(name) ?? name);
  });
  const runs = new MemoryJobs(deps, mirror.store, fault);
  return {
    name: 'Memory',
    capabilities: {
      volumeModes: ['Filesystem'],
      accessModes: ['ReadWriteOnce'],
      liveSource: false,
      byteProgress: false,
      incremental: true,
      verify: ['Data'],
      forget: true,
    },
    requestSettings: [],
    snapshotIDs: { pattern: /snapshot-[0-9]+-?[0-9a-f-]*/, form: '"snapshot-" and a number' },
    parseConfig({ secret, isSlow = false, ...rest }) {
      const unknown = Object.keys(rest);
      if (unknown.length > 0 && fault !== 'takes any setting')
        return { problem: `config.${unknown.join(', ')}: not known` };
      return { config: { secret: String(secret), isSlow: isSlow === true } };
    },
    backup: (request) => runs.run(request, { verb: 'backup', claim: request.stagingClaim }),
    restore: (request) =>
      runs.run(request, { verb: 'restore', claim: request.stagingClaim, snapshotID: request.snapshotID }),
    async verify(request) {
      const { stagingClaim: claim, snapshotID } = request;
      const outcome = await runs.run<{ files: number; bytes: number }>(request, {
        verb: 'verify',
        claim,
        snapshotID,
      });
      if (fault !== 'is always verified' || outcome.state !== 'Failed') return outcome;
      return { state: 'Done', facts: { files: 1, bytes: 0 } };
    },
    forget: (request) => runs.run(request, { verb: 'forget', claim: '', snapshotID: request.snapshotID }),
    prune: (request) => runs.run(request, { verb: 'prune', claim: '' }),
    removeRepository: (request) => runs.run(request, { verb: 'remove', claim: '' }),
    cleanup: (target) => runs.cleanup(target),
    claimsOf: () => [],
  };
}

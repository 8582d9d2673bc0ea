import { existsSync } from 'node:fs';
import { isSea } from 'node:sea';
import { startPlugin, type PluginHost, type PluginProgram } from './goplugin/host.ts';
import type { Services } from './goplugin/services.ts';
import { actionNames } from './registered-actions.ts';

/**
 * `--self-test`: the executable starts itself as Velero would, makes the calls that Velero makes, and prints the results. It
 * needs no cluster and changes nothing, so it can also run in Velero's own pod.
 */

const SERVICES: Readonly<Record<string, keyof Services>> = {
  BackupItemActionV2: 'backupItemAction',
  RestoreItemActionV2: 'restoreItemAction',
  DeleteItemAction: 'deleteItemAction',
  ItemBlockAction: 'itemBlockAction',
};

/** Contains a number that JavaScript would round, a float that it would shorten, and an escape that it would decode. */
const UNMOVED =
  '{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"app","generation":9007199254740993},"spec":{"note":"\\u003c","unknown":1.0}}';
const OWNER = Buffer.from('{"metadata":{"name":"self-test","namespace":"velero"},"spec":{},"status":{}}');
const NO_ID = 'no operation';

/** Runs all steps. Resolves with 0 if every step succeeded, else with 1. */
export async function selfTest(program: PluginProgram, say: (line: string) => void): Promise<number> {
  const report = createReport(say);
  const host = await report.step('start and print where it listens', () => startPlugin(program));
  if (host === undefined) return report.end();
  await report.step('be healthy', () => checkHealth(host));
  const actions = (await report.step('list its actions', () => listActions(host))) ?? [];
  for (const { kind, name } of actions) {
    await report.step(`${kind} ${name}: list what it applies to`, () => checkSelector(host, kind, name));
  }
  await report.step('return an item that was not moved, byte for byte', () => checkEcho(host));
  await report.step('answer for an unknown operation', () => checkProgress(host));
  const ended = await report.step('exit on request and leave nothing behind', () => checkEnd(host));
  if (ended === undefined) host.kill();
  if (report.failures > 0) for (const line of host.log) say(`  its log: ${line}`);
  return report.end();
}

/** Returns the same executable; from source, the same script. */
export function thisProgram(env: PluginProgram['env']): PluginProgram {
  return { command: process.execPath, args: isSea() ? [] : process.argv.slice(1, 2), env };
}

interface Report {
  readonly failures: number;
  /** Runs one step and prints its result; resolves with `undefined` if it failed. */
  step<T>(title: string, work: () => Promise<T>): Promise<T | undefined>;
  end(): number;
}

function createReport(say: (line: string) => void): Report {
  let passed = 0;
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    async step(title, work) {
      const started = performance.now();
      const told = (how: string): string =>
        `${how} ${(performance.now() - started).toFixed(1).padStart(8)} ms  ${title}`;
      try {
        const result = await work();
        passed++;
        say(told('OK    '));
        return result;
      } catch (error) {
        failures++;
        say(`${told('FAILED')}: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
    },
    end() {
      say(
        failures === 0
          ? `all ${String(passed)} steps passed`
          : `${String(failures)} of ${String(passed + failures)} steps failed`,
      );
      return failures === 0 ? 0 : 1;
    },
  };
}

async function checkHealth(host: PluginHost): Promise<void> {
  expectEqual((await host.call('health', 'Check', { service: 'plugin' })).status, 'SERVING');
}

async function listActions(host: PluginHost): Promise<{ kind: string; name: string }[]> {
  const { plugins } = await host.call('lister', 'ListPlugins', {});
  const listed = plugins as { kind: string; name: string }[];
  expectEqual(
    listed
      .map(({ name }) => name)
      .sort()
      .join(),
    Object.values(actionNames).sort().join(),
  );
  return listed;
}

async function checkSelector(host: PluginHost, kind: string, plugin: string): Promise<void> {
  const service = SERVICES[kind];
  if (service === undefined) throw new Error('Velero knows no such kind');
  const { ResourceSelector: selector } = await host.call(service, 'AppliesTo', { plugin });
  const resources = (selector as { includedResources: string[] }).includedResources;
  if (resources.length === 0) throw new Error('it would be called for every kind');
}

async function checkEcho(host: PluginHost): Promise<void> {
  const item = Buffer.from(UNMOVED);
  const request = { plugin: actionNames.restore, item, itemFromBackup: item, restore: OWNER };
  const answer = await host.call('restoreItemAction', 'Execute', request);
  expectEqual((answer.item as Buffer).toString(), UNMOVED);
}

async function checkProgress(host: PluginHost): Promise<void> {
  const request = { plugin: actionNames.backup, operationID: NO_ID, backup: OWNER };
  const { progress } = await host.call('backupItemAction', 'Progress', request);
  const { completed, err } = progress as { completed: boolean; err: string };
  if (!completed || !err.includes(NO_ID)) throw new Error(`it returned ${JSON.stringify(progress)}`);
}

async function checkEnd(host: PluginHost): Promise<true> {
  await host.call('controller', 'Shutdown', {});
  expectEqual(await host.ended, 0);
  if (existsSync(host.socketPath)) throw new Error(`${host.socketPath} is still there`);
  return true;
}

function expectEqual(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`expected ${String(expected)}, and it was ${String(actual)}`);
}

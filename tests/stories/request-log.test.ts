import { afterEach, expect, it } from '@jest/globals';
import { annotations } from '../../api/common/keys.ts';
import type { LogFields, Logger } from '../../telemetry/log.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const TRACE = 'a'.repeat(32);

let harness: ControllerHarness;

afterEach(() => harness.stop());

it('every log line about a request contains the UID of the request and the trace ID of the plugin', async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
  const lines: LogFields[] = [];
  harness.log = keeping(lines);
  await harness.start();
  harness.addBackup('b1', ({ metadata }) => {
    metadata.annotations = { [annotations.traceparent]: `00-${TRACE}-${'b'.repeat(16)}-01` };
  });
  // Errors of a pass have a log line of their own, which must carry the same fields.
  let troubles = 1;
  harness.kube.before = ({ verb, kind }) => {
    if (verb === 'applyStatus' && kind.kind === 'DataMoverBackup' && troubles-- > 0)
      throw new Error('the network is down');
  };
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
  const about = lines.filter(({ name, namespace }) => name === 'b1' && namespace === APP);
  const phases = ['Capturing', 'Queued', 'Staging', 'Moving', 'CleaningUp', 'Completed'];
  expect(about.flatMap(({ phase }) => phase ?? [])).toEqual(expect.arrayContaining(phases.slice(1)));
  expect(about.filter(({ msg }) => String(msg).includes('reconcile failed'))).toHaveLength(1);
  for (const line of about)
    expect(line).toMatchObject({ requestUID: harness.backup()?.metadata.uid, traceID: TRACE });
});

/** A logger that records the fields of its lines; `msg` is the message. */
function keeping(lines: LogFields[], bound: LogFields = {}): Logger {
  const line = (first: LogFields | string, second?: string): void => {
    const [fields, msg] = typeof first === 'string' ? [{}, first] : [first, second];
    lines.push({ ...bound, ...fields, msg });
  };
  return {
    debug: line,
    info: line,
    warn: line,
    error: line,
    child: (fields) => keeping(lines, { ...bound, ...fields }),
  };
}

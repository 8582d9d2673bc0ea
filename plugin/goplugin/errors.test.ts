import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { KubeError } from '../../kube/client/kube-error.ts';
import { PluginError } from '../plugin-error.ts';
import { toCallError } from './call-error.ts';
import { framesOf } from './stack.ts';
import { decode } from './wire.ts';

const STACK = `Error: boom
    at movedByOf (/plugins/x:120:17)
    at async Object.execute (/plugins/x:88:5)
    at new Thing (file:///src/thing.ts:3:1)
    at node:internal/process/task_queues:103:5
    at /plugins/x:9:9`;

function withStack(stack: string): Error {
  return Object.assign(new Error('boom'), { stack });
}

describe('frames', () => {
  it('are read from a stack, without those of Node', () => {
    expect(framesOf(withStack(STACK))).toEqual([
      { file: '/plugins/x', line: 120, function: 'movedByOf' },
      { file: '/plugins/x', line: 88, function: 'Object.execute' },
      { file: '/src/thing.ts', line: 3, function: 'Thing' },
      { file: '/plugins/x', line: 9, function: '<anonymous>' },
    ]);
  });

  it('show the position in the source if it is known', () => {
    const locate = (line: number) => (line === 120 ? { file: 'plugin/a.ts', line: 7 } : undefined);
    expect(framesOf(withStack(STACK), locate).slice(0, 2)).toEqual([
      { file: 'plugin/a.ts', line: 7, function: 'movedByOf' },
      { file: '/plugins/x', line: 88, function: 'Object.execute' },
    ]);
  });

  it('are not those of a stack that the message quotes', () => {
    const error = new Error('Velero said:\n    at quoted (/velero.go:1:2)');
    const [first] = framesOf(error);
    expect(first?.function).not.toBe('quoted');
    expect(first?.file).toMatch(/errors\.test\.ts$/);
  });

  it.each([['text'], [undefined], [withStack('')], [Object.assign(new Error('x'), { stack: undefined })]])(
    'of %p there are none',
    (thrown) => {
      expect(framesOf(thrown)).toEqual([]);
    },
  );
});

describe('the error of a call', () => {
  it.each([
    ['an error of ours', new PluginError('do this'), status.UNKNOWN, 'do this'],
    [
      'an error of the API server',
      new KubeError({ code: 403, reason: 'Forbidden', message: 'no' }),
      status.UNKNOWN,
      'no',
    ],
    [
      'a mistake of the program',
      new TypeError('x is not a function'),
      status.ABORTED,
      'plugin panicked: x is not a function',
    ],
    ['an error without a message', new RangeError(), status.ABORTED, 'plugin panicked: RangeError'],
    ['no error at all', 'oops', status.ABORTED, 'plugin panicked: oops'],
  ])('from %s', (_, thrown, code, details) => {
    expect(toCallError(thrown)).toMatchObject({ code, details });
  });

  it('is of a length that fits', () => {
    expect(toCallError(new PluginError('é'.repeat(100_000))).details).toBe(
      `${'é'.repeat(2_048)}… (200000 bytes)`,
    );
  });

  it.each([
    ['half of a character', 'a\ud83d'],
    ['characters where it is cut', `x${'😀'.repeat(100_000)}`],
  ])('can be sent with %s', (_, message) => {
    const { details = '', metadata } = toCallError(new PluginError(message));
    expect(() => encodeURI(details)).not.toThrow();
    const [bytes] = metadata!.get('grpc-status-details-bin');
    expect(decode('google.rpc.Status', bytes as Buffer)).toMatchObject({ message: details });
  });

  it('fits into gRPC trailers even with extremely long names', () => {
    const frame = `    at ${'f'.repeat(2_000)} (/${'d'.repeat(2_000)}:1:1)\n`;
    const stack = `Error: ${'😀'.repeat(10_000)}\n${frame.repeat(100)}`;
    const { details = '', metadata } = toCallError(
      Object.assign(new PluginError('😀'.repeat(10_000)), { stack }),
    );
    const [bytes] = metadata!.get('grpc-status-details-bin') as [Buffer];
    expect(encodeURI(details).length + bytes.toString('base64').length).toBeLessThan(32 * 1024);
  });

  it.each([
    [Object.create(null)],
    [Symbol('odd')],
    [Object.assign(new Error(), { message: {} })],
    [{ a: 1 }],
  ])('describes %p, too', (thrown) => {
    expect(toCallError(thrown)).toMatchObject({ code: status.ABORTED, details: expect.any(String) });
  });

  it("carries file, line and function as Velero's Stack", () => {
    const { metadata } = toCallError(Object.assign(new PluginError('boom'), { stack: STACK }));
    const [bytes] = metadata!.get('grpc-status-details-bin');
    const root = protobuf.loadSync(
      ['grpc/status.proto', 'velero/shared.proto'].map((file) =>
        join(import.meta.dirname, '../../proto', file),
      ),
    );
    const outer = root.lookupType('google.rpc.Status').decode(bytes as Buffer);
    const { code, message, details } = outer as unknown as {
      code: number;
      message: string;
      details: [{ type_url: string; value: Uint8Array }];
    };
    expect({ code, message, type: details[0].type_url }).toEqual({
      code: status.UNKNOWN,
      message: 'boom',
      type: 'type.googleapis.com/generated.Stack',
    });
    const stack = root.lookupType('generated.Stack').decode(details[0].value).toJSON() as {
      frames: unknown[];
    };
    expect(stack.frames[0]).toEqual({ file: '/plugins/x', line: 120, function: 'movedByOf' });
  });

  it('has no details if its origin is unknown', () => {
    expect(toCallError('oops').metadata?.get('grpc-status-details-bin')).toEqual([]);
  });
});

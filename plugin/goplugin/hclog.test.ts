import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MAX_LINE_BYTES } from './fit-line.ts';
import { createHclog, type HclogLevel } from './hclog.ts';

let dir: string;
let fd: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hclog-'));
  fd = openSync(join(dir, 'log'), 'a');
});
afterEach(() => {
  closeSync(fd);
  rmSync(dir, { recursive: true });
});

const lines = () => readFileSync(join(dir, 'log'), 'utf8').trim().split('\n').filter(Boolean);
const parsed = () => lines().map((line) => JSON.parse(line) as Record<string, unknown>);
const logger = (level?: HclogLevel) => createHclog({ fd, ...(level === undefined ? {} : { level }) });

describe('the log', () => {
  it('has only levels and fields that go-plugin can read', () => {
    const log = logger('debug');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines()).toEqual([
      '{"@level":"debug","@message":"a"}',
      '{"@level":"info","@message":"b"}',
      '{"@level":"warn","@message":"c"}',
      '{"@level":"error","@message":"d"}',
    ]);
  });

  it('contains nothing below its level', () => {
    const log = logger();
    log.debug('a');
    log.info('b');
    expect(parsed()).toHaveLength(1);
  });

  it('has only strings in fields in which another type would crash the Velero server', () => {
    const log = logger().child({ namespace: 7, name: { a: 1 }, resource: null });
    const hostile = { '@level': 30, '@message': {}, '@timestamp': 1, level: 1, time: 2, name: undefined };
    log.info({ ...hostile, namespace: ['x'] }, { not: 'text' } as unknown as string);
    const [line] = parsed();
    expect(line).toEqual({
      '@level': 'info',
      '@message': '{"not":"text"}',
      namespace: '["x"]',
      name: '{"a":1}',
      resource: 'null',
    });
    for (const key of ['@level', '@message', 'namespace', 'name', 'resource'])
      expect(typeof line?.[key]).toBe('string');
  });

  it('keeps fields, percent signs and line ends as they are', () => {
    logger().info({ count: 3, nested: { a: [1] } }, '100 % of %s\nand more');
    expect(parsed()).toEqual([
      { '@level': 'info', count: 3, nested: { a: [1] }, '@message': '100 % of %s\nand more' },
    ]);
    expect(lines()).toHaveLength(1);
  });

  it('shows values that JSON does not support as strings, and keeps the other fields as they are', () => {
    const round: { self?: object } = {};
    round.self = round;
    logger().info({ count: 3, list: ['a', 1], big: 9007199254740993n, round }, 'hello');
    expect(parsed()).toEqual([
      {
        '@level': 'info',
        count: 3,
        list: ['a', 1],
        big: '9007199254740993n',
        round: '<ref *1> { self: [Circular *1] }',
        '@message': 'hello',
      },
    ]);
  });

  it('shows an error with its place', () => {
    logger().error({ err: new TypeError('boom') }, 'went wrong');
    expect(parsed()).toEqual([
      {
        '@level': 'error',
        '@message': 'went wrong',
        error: 'boom',
        'error.file': expect.stringMatching(/hclog\.test\.ts:\d+$/),
        'error.function': expect.any(String),
      },
    ]);
  });

  it('keeps a line that go-plugin can read at once, and cuts a longer one', () => {
    const frame = Buffer.byteLength('{"@level":"info","@message":""}\n');
    const longest = 'x'.repeat(MAX_LINE_BYTES - frame);
    logger().info(longest);
    logger().info({ namespace: 'app', items: ['é'.repeat(MAX_LINE_BYTES)] }, `${longest}y`);
    expect(parsed()).toEqual([
      { '@level': 'info', '@message': longest },
      {
        '@level': 'info',
        '@message': `${'x'.repeat(1024)}… (${String(longest.length + 1)} bytes)`,
        namespace: 'app',
        items: expect.stringMatching(/^\["é+… \(131076 bytes\)$/),
      },
    ]);
  });

  it('keeps namespace and name if there are too many fields', () => {
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`f${String(index)}`, index]),
    );
    logger().error({ namespace: 'app', name: 'data', ...many }, 'too much');
    expect(parsed()).toEqual([
      { '@level': 'error', '@message': 'too much', namespace: 'app', name: 'data', fieldsLeftOut: 10_000 },
    ]);
  });

  it('is one JSON object per line that cannot crash the Velero server, for any input', () => {
    const value = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withTypedArray: true,
      }),
      fc.string({ unit: 'binary' }),
      fc.constant(circular()),
      fc.constant(Symbol('s')),
      fc.string().map((text) => new Error(text)),
    );
    const special = fc.constantFrom(
      '@level',
      '@message',
      '@timestamp',
      'namespace',
      'name',
      'resource',
      'err',
      '__proto__',
    );
    const fields = fc.dictionary(fc.oneof(special, fc.string({ unit: 'binary' })), value, { maxKeys: 5 });
    const level = fc.constantFrom('debug', 'info', 'warn', 'error');
    const log = logger('debug');
    fc.assert(
      fc.property(level, fields, fields, value, fc.boolean(), (at, mine, its, message, long) => {
        ftruncateSync(fd);
        const said = long && typeof message === 'string' ? message.repeat(20_000) : message;
        log.child(mine)[at](its, said as string);
        const written = readFileSync(join(dir, 'log'), 'utf8');
        expect(written.endsWith('\n')).toBe(true);
        expect(written.slice(0, -1)).not.toMatch(/[\n\r]/);
        expect(Buffer.byteLength(written)).toBeLessThanOrEqual(MAX_LINE_BYTES);
        const line = JSON.parse(written) as Record<string, unknown>;
        expect(line['@level']).toBe(at);
        expect(typeof line['@message']).toBe('string');
        expect(line).not.toHaveProperty(['@timestamp']);
        for (const key of ['namespace', 'name', 'resource'])
          if (Object.hasOwn(line, key)) expect(typeof line[key]).toBe('string');
      }),
      { numRuns: 60 },
    );
  });
});

function circular(): object {
  const object: Record<string, unknown> = { big: 1n };
  object.self = object;
  return object;
}

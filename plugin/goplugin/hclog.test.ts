import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHclog, type HclogLevel } from './hclog.ts';

let dir: string;
let fd: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hclog-'));
  fd = openSync(join(dir, 'log'), 'w');
});
afterEach(() => {
  closeSync(fd);
  rmSync(dir, { recursive: true });
});

const lines = () => readFileSync(join(dir, 'log'), 'utf8').trim().split('\n').filter(Boolean);
const parsed = () => lines().map((line) => JSON.parse(line) as Record<string, unknown>);
const logger = (level?: HclogLevel) => createHclog({ fd, ...(level === undefined ? {} : { level }) });

describe('the log', () => {
  it('has the levels that go-plugin knows, and nothing that it would misread', () => {
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

  it('says nothing below its level', () => {
    const log = logger();
    log.debug('a');
    log.info('b');
    expect(parsed()).toHaveLength(1);
  });

  it('can only have texts where anything else would crash the Velero server', () => {
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
});

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWhole } from './write-whole.ts';

const { O_RDONLY, O_RDWR, O_WRONLY, O_NONBLOCK } = constants;

let dir: string;
let pipe: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'write-whole-'));
  pipe = join(dir, 'pipe');
  execFileSync('mkfifo', [pipe]);
});
afterEach(() => rmSync(dir, { recursive: true }));

it('writes all of a text that is larger than a pipe which does not block', async () => {
  const long = 'é1234567'.repeat(200_000);
  const fd = openSync(pipe, O_RDWR | O_NONBLOCK);
  // Copies into a file, because this thread, which would read the pipe, is blocked while it waits for the reader.
  const copy = join(dir, 'copy');
  const reader = spawn('cp', [pipe, copy]);
  const ended = once(reader, 'close');
  writeWhole(fd, long);
  closeSync(fd);
  await ended;
  expect(readFileSync(copy, 'utf8')).toBe(long);
});

it('returns if the reader has closed the pipe', () => {
  const reader = openSync(pipe, O_RDONLY | O_NONBLOCK);
  const fd = openSync(pipe, O_WRONLY);
  closeSync(reader);
  expect(() => writeSync(fd, 'text')).toThrow('EPIPE');
  writeWhole(fd, 'text');
  closeSync(fd);
});

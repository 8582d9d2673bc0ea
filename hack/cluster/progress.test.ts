import { describe, expect, it } from '@jest/globals';
import { createProgress } from './progress.ts';
import type { Sink } from './progress.ts';

function recorder(isTTY: boolean): { sink: Sink; text: () => string } {
  let text = '';
  return { sink: { isTTY, columns: 60, write: (more) => (text += more) }, text: () => text };
}

describe('createProgress', () => {
  it('prints one plain line per step if the output is not a terminal', async () => {
    const { sink, text } = recorder(false);
    const progress = createProgress(sink);
    expect(await progress.step('first', () => Promise.resolve(7))).toBe(7);
    await progress.step('second', (note) => {
      note('something to know');
      return Promise.resolve();
    });
    expect(text()).toMatch(/^✓ first +\d+\.\ds\n✓ second +\d+\.\ds {2}something to know\n$/);
  });

  it('marks a failed step and passes the error on', async () => {
    const { sink, text } = recorder(false);
    const failing = createProgress(sink).step('third', () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(text()).toMatch(/^✗ third +\d+\.\ds\n$/);
  });

  it('shows a running step on a terminal and replaces it by its result', async () => {
    const { sink, text } = recorder(true);
    await createProgress(sink).step('a step whose title is longer than any terminal is wide, really', () =>
      Promise.resolve(),
    );
    const [running = '', done = ''] = text().split('\r\x1b[2K').slice(1);
    expect(running.length).toBeLessThan(60);
    expect(done).toMatch(/^✓ a step .*\n$/);
  });
});

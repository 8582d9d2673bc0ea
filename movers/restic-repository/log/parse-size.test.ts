import { describe, expect, it } from '@jest/globals';
import { SIZE, toBytes } from './parse-size.ts';

describe("restic's sizes", () => {
  it.each([
    ['0 B', 0],
    ['17 B', 17],
    ['1.500 KiB', 1536],
    ['2.250 MiB', 2_359_296],
    ['1.235 GiB', 1_326_071_153],
    ['3.000 TiB', 3_298_534_883_328],
  ])('are parsed: %s', (text, bytes) => {
    const [, size, unit] = new RegExp(`^${SIZE}$`).exec(text) ?? [];
    expect(toBytes(size, unit)).toBe(bytes);
  });

  it.each(['12 PiB', '1,5 KiB', 'KiB', '1.5KiB', '-1 B'])('are not mistaken for other text: %s', (text) => {
    expect(new RegExp(`^${SIZE}$`).exec(text)).toBeNull();
  });
});

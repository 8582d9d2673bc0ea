import { jest } from '@jest/globals';

/** A last resort, long enough for a busy machine: each wait has a deadline of its own, whose error contains more detail. */
jest.setTimeout(1_800_000);

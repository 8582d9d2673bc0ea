import { jest } from '@jest/globals';

/** The last resort, for a machine however busy: what is waited for has deadlines of its own, whose errors say more. */
jest.setTimeout(1_800_000);

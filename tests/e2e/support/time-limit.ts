import { jest } from '@jest/globals';

/** The last resort: what is waited for has deadlines of its own, whose errors say more. */
jest.setTimeout(600_000);

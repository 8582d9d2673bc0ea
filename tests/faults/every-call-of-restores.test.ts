import { describe } from '@jest/globals';
import { testEveryCall } from './every-call.ts';
import { restores } from './stories.ts';

describe('on a real API server, all is well at the end of', () => testEveryCall(restores));

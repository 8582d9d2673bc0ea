import { LongestFirst } from './longest-first.ts';

/** jest requires a default export. */
export default LongestFirst;

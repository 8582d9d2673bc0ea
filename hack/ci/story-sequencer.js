import { LongestFirst } from './longest-first.ts';

/** jest wants it to be the default export. */
export default LongestFirst;

import { setUp } from './setup.ts';

/** jest calls this once before all stories, and wants it to be the default export. */
export default setUp;

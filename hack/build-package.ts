/** What vendors install → dist/package/, and as npm publishes it: dist/velero-datamover-<version>.tgz. */
import { basename, join } from 'node:path';
import { packPackage } from './packaging/npm-package.ts';

const archive = await packPackage(join(import.meta.dirname, '../dist'));
console.log(`dist/${basename(archive)} is built`);

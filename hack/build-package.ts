/** Builds the package for vendors: dist/package/, and the npm archive dist/velero-datamover-<version>.tgz. */
import { basename, join } from 'node:path';
import { packPackage } from './packaging/npm-package.ts';

const archive = await packPackage(join(import.meta.dirname, '../dist'));
console.log(`dist/${basename(archive)} is built`);

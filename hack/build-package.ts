/** What vendors install → dist/package/, and as npm publishes it: dist/velero-datamover-<version>.tgz. */
import { join } from 'node:path';
import { run } from './cluster/exec.ts';
import { layOutPackage, PACKAGE_DIR } from './packaging/npm-package.ts';

await layOutPackage();
const packed = await run('npm', ['pack', '--silent', '--pack-destination', join(PACKAGE_DIR, '..')], {
  cwd: PACKAGE_DIR,
});
console.log(`dist/${packed.trim()} is built`);

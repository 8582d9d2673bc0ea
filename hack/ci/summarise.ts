/** Usage: `node hack/ci/summarise.ts <folder with jest results> <exit code of make test>`. Prints the totals as its last line. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isSuccess, totalsLine, totalsOf, type JestResult } from './totals.ts';

const [folder = '', makeStatus = '1'] = process.argv.slice(2);

const files = globSync('*.json', { cwd: folder }).sort();
const results = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as JestResult);

const totals = totalsOf(results, makeStatus === '0');
for (const [index, result] of results.entries()) {
  console.log(`${basename(files[index] ?? '', '.json')}: ${totalsLine(totalsOf([result], true))}`);
}
if (makeStatus !== '0') console.log(`make test ended with exit code ${makeStatus}: see above`);
console.log(totalsLine(totals));
process.exitCode = isSuccess(totals) ? 0 : 1;

/**
 * Writes docs/api/*.api.md: the declarations that the package publishes, one page per entry point, so that a change of the
 * published API shows in the diff.
 */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from '@microsoft/api-extractor';
import { entryPoints, layOutPackage, PACKAGE_DIR } from './packaging/npm-package.ts';

const root = join(import.meta.dirname, '..');
const REPORTS = join(root, 'docs/api');
const silent = { default: { logLevel: ExtractorLogLevel.None } };

await layOutPackage();
const all = entryPoints().map(({ name, declarations }) => {
  const file = `${basename(name)}.api.md`;
  return { file, config: configOf(file, declarations) };
});
const [first] = all;
if (first === undefined) throw new Error('package.json exports nothing');
// One compiler program for all entry points: compiling takes most of the time.
const compilerState = CompilerState.create(first.config, {
  additionalEntryPoints: all.map(({ config }) => config.mainEntryPointFilePath),
});
mkdirSync(REPORTS, { recursive: true });
for (const { file, config } of all) {
  const messageCallback = (message: ExtractorMessage): void => {
    // Suppresses the output for a terminal.
    message.handled = true;
  };
  Extractor.invoke(config, { compilerState, localBuild: true, messageCallback });
  console.log(`generated docs/api/${file}`);
}

function configOf(reportFileName: string, declarations: string): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: declarations,
      compiler: { tsconfigFilePath: join(root, 'tsconfig.package.json') },
      apiReport: {
        enabled: true,
        reportFileName,
        reportFolder: REPORTS,
        reportTempFolder: join(root, '.run/api'),
      },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: silent,
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(PACKAGE_DIR, 'package.json'),
  });
}

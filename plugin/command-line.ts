import manifest from '../package.json' with { type: 'json' };

const NAME = 'velero-plugin-for-datamover';
const VERSION = `${NAME} ${manifest.version} (Node ${process.version})`;

const HELP = `${VERSION}
${manifest.description}.

This is a plugin of Velero: the Velero server starts it, and it does nothing when it is started by hand.

To install it, give its image to Velero, which then restarts with it:
  velero plugin add IMAGE

Commands:
  ${NAME} --self-test        serve itself as Velero would ask it to, and report
  ${NAME} install FOLDER     copy itself and its libraries, as its image does in Velero's pod
  ${NAME} --version
  ${NAME} --help
`;

/** Runs the executable if it was not started by Velero. Resolves with the exit code. */
export async function runCommandLine(
  [command, ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  switch (command) {
    case 'install':
      return installInto(args[0]);
    case '--self-test':
      return runSelfTest(env);
    case '--version':
      say(VERSION);
      return 0;
    case '--help':
      say(HELP.trimEnd());
      return 0;
    default:
      process.stderr.write(command === undefined ? HELP : `${NAME}: unknown command ${command}\n\n${HELP}`);
      return 1;
  }
}

async function runSelfTest(env: NodeJS.ProcessEnv): Promise<number> {
  const { selfTest, thisProgram } = await import('./self-test.ts');
  say(VERSION);
  return selfTest(thisProgram(env), say);
}

async function installInto(folder: string | undefined): Promise<number> {
  const { install } = await import('./install.ts');
  try {
    for (const path of install(process.execPath, folder)) say(`installed ${path}`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

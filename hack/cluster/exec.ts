import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Written to the command's standard input. */
  readonly input?: string;
  /** Called for every line of standard output and standard error as it arrives. */
  readonly onLine?: (line: string) => void;
}

/** A command exited with a code other than 0; `stdout` and `stderr` hold its output. */
export class CommandError extends Error {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(command: string, code: number | null, stdout: string, stderr: string) {
    const output = (stderr.trim() || stdout.trim()).split('\n').slice(-15).join('\n');
    super(
      `${command}: ended with ${code === null ? 'a signal' : `code ${code}`}${output ? `\n${output}` : ''}`,
    );
    this.name = 'CommandError';
    this.code = code;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/**
 * Runs a command to its end and returns its standard output.
 * @throws CommandError if it exits with a code other than 0
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      tellLines(chunk, options.onLine);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      tellLines(chunk, options.onLine);
    });
    // A command may exit without reading its input; only its exit code matters.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (cause) => {
      reject(new Error(`${command}: cannot be started: ${cause.message}`, { cause }));
    });
    child.on('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new CommandError([command, ...args.slice(0, 4)].join(' '), code, stdout, stderr));
    });
  });
}

function tellLines(chunk: string, onLine: ((line: string) => void) | undefined): void {
  if (!onLine) return;
  for (const line of chunk.split('\n')) if (line.trim()) onLine(line.trim());
}

/** Same as `run`, but returns undefined on failure. */
export async function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string | undefined> {
  try {
    return await run(command, args, options);
  } catch {
    return undefined;
  }
}

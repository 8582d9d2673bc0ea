import { execFile } from 'node:child_process';

/** Runs a program to its end. Rejects with its stderr output. */
export function runCommand(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }),
        );
    });
  });
}

/** Where an error was raised, in the form that Velero logs as `error.file` and `error.function`. */
export interface StackFrame {
  file: string;
  line: number;
  function: string;
}

/** Finds the source of a position in the program that runs, which is a bundle. `undefined` when it is not known. */
export type LocateSource = (line: number, column: number) => { file: string; line: number } | undefined;

const FRAME =
  /^\s+at (?:(?:async )?(?:new )?(?<fn>[^(]+?) \()?(?<file>[^()]+?):(?<line>\d+):(?<column>\d+)\)?$/;

/** The frames of an error's stack, innermost first, without those of Node itself. */
export function framesOf(error: unknown, locate: LocateSource = () => undefined): StackFrame[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  return error.stack.split('\n').flatMap((line) => {
    const match = FRAME.exec(line)?.groups;
    if (match?.file === undefined || match.file.startsWith('node:')) return [];
    const position = { line: Number(match.line), column: Number(match.column) };
    const source = locate(position.line, position.column);
    return [
      {
        file: source?.file ?? withoutScheme(match.file),
        line: source?.line ?? position.line,
        function: (match.fn ?? '<anonymous>').replace(/^async /, ''),
      },
    ];
  });
}

function withoutScheme(file: string): string {
  return file.replace(/^file:\/\//, '');
}

import { cutText } from './cut-text.ts';

/** The origin of an error, in the form that Velero logs as `error.file` and `error.function`. */
export interface StackFrame {
  file: string;
  line: number;
  function: string;
}

/** Finds the source of a position in the running program, which is a bundle. Returns `undefined` if it is unknown. */
export type LocateSource = (line: number, column: number) => { file: string; line: number } | undefined;

const FRAME =
  /^\s+at (?:(?:async )?(?:new )?(?<fn>[^(]+?) \()?(?<file>[^()]+?):(?<line>\d+):(?<column>\d+)\)?$/;

/** Enough for all of our files and functions; a library may generate longer ones. */
const MAX_NAME_BYTES = 256;
/** Longer than any frame; a line of a message that looks like a frame may be longer. */
const MAX_LINE = 4096;

/** Returns the frames of an error's stack, innermost first, without those of Node itself. */
export function framesOf(error: unknown, locate: LocateSource = () => undefined): StackFrame[] {
  if (!(error instanceof Error)) return [];
  return linesOf(error).flatMap((line) => {
    const match = FRAME.exec(line)?.groups;
    if (match?.file === undefined || match.file.startsWith('node:')) return [];
    const position = { line: Number(match.line), column: Number(match.column) };
    const source = locate(position.line, position.column);
    return [
      {
        file: cutText(source?.file ?? withoutScheme(match.file), MAX_NAME_BYTES),
        line: source?.line ?? position.line,
        function: cutText((match.fn ?? '<anonymous>').replace(/^async /, ''), MAX_NAME_BYTES),
      },
    ];
  });
}

/** Returns the lines after the message, which may quote another stack. */
function linesOf(error: Error): string[] {
  const { stack, message } = error as { stack: unknown; message: unknown };
  if (typeof stack !== 'string') return [];
  const start =
    typeof message === 'string' && stack.includes(message) ? stack.indexOf(message) + message.length : 0;
  return stack
    .slice(start)
    .split('\n')
    .filter((line) => line.length <= MAX_LINE);
}

function withoutScheme(file: string): string {
  return file.replace(/^file:\/\//, '');
}

const TICK_MS = 200;
const PLAIN_REMINDER_MS = 30_000;

/** Reports the current state of a running step; shown live on a terminal. */
export type Note = (text: string) => void;

/** The output for lines, for example `process.stdout`. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** Runs one step and prints its name and duration in seconds. On failure it prints both and rethrows. */
  step<T>(title: string, work: (note: Note) => Promise<T>): Promise<T>;
  /** Prints one line that is no step. */
  line(text: string): void;
  /** Returns the seconds since this progress was created. */
  elapsedSeconds(): number;
}

/** Truncates a note to the terminal's line, so that the live line never wraps. */
function fit(text: string, columns: number): string {
  return text.length < columns ? text : `${text.slice(0, Math.max(0, columns - 2))}…`;
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)}s`;
}

/** Returns a progress with one line per step: live on a terminal, otherwise plain lines and a reminder every 30 s. */
export function createProgress(sink: Sink): Progress {
  const beginning = performance.now();
  const live = sink.isTTY === true;

  async function step<T>(title: string, work: (note: Note) => Promise<T>): Promise<T> {
    const begun = performance.now();
    let detail = '';
    let lastPlain = begun;
    const show = (): void => {
      const text = `${title}${detail ? ` (${detail})` : ''}  ${seconds(begun)}`;
      if (live) sink.write(`\r\x1b[2K… ${fit(text, (sink.columns ?? 80) - 2)}`);
      else if (performance.now() - lastPlain >= PLAIN_REMINDER_MS) {
        lastPlain = performance.now();
        sink.write(`… ${text}\n`);
      }
    };
    const end = (mark: string): void => {
      clearInterval(timer);
      const last = detail && mark === '✓' ? `  ${detail}` : '';
      sink.write(
        `${live ? '\r\x1b[2K' : ''}${mark} ${title.padEnd(46)} ${seconds(begun).padStart(8)}${last}\n`,
      );
    };
    const timer = setInterval(show, TICK_MS);
    timer.unref();
    show();
    try {
      const result = await work((text) => (detail = text));
      end('✓');
      return result;
    } catch (error) {
      end('✗');
      throw error;
    }
  }

  return {
    step,
    line: (text) => sink.write(`${text}\n`),
    elapsedSeconds: () => (performance.now() - beginning) / 1000,
  };
}

/** For callers that need no output. */
export const silentProgress: Progress = {
  step: (_title, work) => work(() => undefined),
  line: () => undefined,
  elapsedSeconds: () => 0,
};

/** Returns a progress for work within a step: its steps become notes of the outer step. */
export function stepsAsNotes(note: Note): Progress {
  return {
    ...silentProgress,
    step: (title, work) => {
      note(title);
      return work(note);
    },
    line: note,
  };
}

import { systemClock, type Clock } from '../../kube/runtime/clock.ts';
import type { LogFields, Logger, LogLine } from '../../telemetry/log.ts';

/** The logger and clock with which a process under test reports to the call log of its story. */
export interface ProcessCallLog {
  readonly log: Logger;
  readonly clock: Clock;
  /** Records that a call is pending, and its response. */
  during<R>(call: string, act: () => Promise<R>): Promise<R>;
  /** The process has ended: its pending calls will not be answered. */
  close(): void;
}

/** How many lines are kept: the last minutes of a story that hangs, or all of one that does not. */
const KEPT = 80;

/** The last events of a story, for readers who have only the log of a failed run. */
export class CallLog {
  readonly #beganAt = Date.now();
  readonly #lines: string[] = [];
  readonly #unanswered = new Set<{ call: string }>();
  /** Timers of each running process. */
  readonly #timers = new Map<string, Timers>();
  #processes = 0;

  note(line: string): void {
    this.#lines.push(`${this.#since(Date.now())} ${line}`);
    if (this.#lines.length > KEPT) this.#lines.shift();
  }

  open(): ProcessCallLog {
    const name = `#${++this.#processes}`;
    const timers: Timers = new Set();
    this.#timers.set(name, timers);
    this.note(`${name} is started`);
    return {
      log: this.#logger(name, {}),
      clock: timing(timers),
      during: (call, act) => this.#during(`${name} ${call}`, act),
      close: () => {
        if (this.#timers.delete(name)) this.note(`${name} ends`);
      },
    };
  }

  /** Returns everything, including pending calls. */
  print(): string {
    const timers = [...this.#timers].map(
      ([name, all]) =>
        `${name} has timers due in s: ${[...all].map(fromNow).sort(byNumber).join(', ') || 'none'}`,
    );
    const unanswered = [...this.#unanswered].map(({ call }) => `not answered: ${call}`);
    return [`Now it is ${this.#since(Date.now())}.`, ...this.#lines, ...unanswered, ...timers].join('\n');
  }

  async #during<R>(call: string, act: () => Promise<R>): Promise<R> {
    const asked = { call: `${call}, asked at ${this.#since(Date.now())}` };
    this.#unanswered.add(asked);
    try {
      const answer = await act();
      this.note(`${asked.call}: answered`);
      return answer;
    } catch (error) {
      this.note(`${asked.call}: ${String(error)}`);
      throw error;
    } finally {
      this.#unanswered.delete(asked);
    }
  }

  #logger(name: string, known: LogFields): Logger {
    const line: LogLine = (first: LogFields | string, message?: string) => {
      const fields = { ...known, ...(typeof first === 'string' ? {} : first) };
      const who = [fields['controller'], fields['name']].filter((one) => one !== undefined).map(textOf);
      const said = message ?? textOf(first);
      const why = fields['err'] === undefined ? '' : `: ${textOf(fields['err'])}`;
      this.note(`${[name, ...who, said].join(' ')}${why}`);
    };
    const child = (fields: LogFields): Logger => this.#logger(name, { ...known, ...fields });
    return { debug: line, info: line, warn: line, error: line, child };
  }

  #since(time: number): string {
    return `${((time - this.#beganAt) / 1000).toFixed(2)} s`;
  }
}

type Timers = Set<{ dueAt: number }>;

/** Returns the system's clock; it records when its timers are due. */
function timing(timers: Timers): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    after(ms, action, keepAlive) {
      const timer = { dueAt: Date.now() + ms };
      timers.add(timer);
      const fire = (): void => {
        timers.delete(timer);
        action();
      };
      const cancel = systemClock.after(ms, fire, keepAlive);
      return () => {
        timers.delete(timer);
        cancel();
      };
    },
  };
}

function textOf(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function fromNow({ dueAt }: { dueAt: number }): number {
  return Math.round((dueAt - Date.now()) / 100) / 10;
}

function byNumber(a: number, b: number): number {
  return a - b;
}

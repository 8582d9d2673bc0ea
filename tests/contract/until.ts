/** Waits for a condition, which is polled every few milliseconds. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > giveUpAt)
      throw new Error(`still not so after ${String(timeoutMs)} ms: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Makes the first call after the end of a process. go-plugin logs the exit shortly before it records it, and a call in between is
 * still sent to the dead process.
 */
export async function afterExit(
  logs: () => readonly { msg: string }[],
  call: () => Promise<unknown>,
): Promise<void> {
  await until(() => logs().some(({ msg }) => msg === 'plugin process exited'));
  await until(() =>
    call().then(
      () => true,
      (error: unknown) => {
        if (String(error).includes('code = Unavailable')) return false;
        throw error;
      },
    ),
  );
}

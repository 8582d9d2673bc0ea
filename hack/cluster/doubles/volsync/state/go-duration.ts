/** Formats milliseconds as Go prints a duration: `49.465s`, `3m10.26s`, `1h0m0s`, `250ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 0) return `-${formatGoDuration(-ms)}`;
  if (ms < 1000) return `${String(ms)}ms`;
  const totalSeconds = Math.floor(ms / 1000);
  const fraction = trimFraction(ms - totalSeconds * 1000);
  const seconds = `${String(totalSeconds % 60)}${fraction}s`;
  const minutes = Math.floor(totalSeconds / 60);
  if (minutes === 0) return seconds;
  const hours = Math.floor(minutes / 60);
  return hours === 0
    ? `${String(minutes)}m${seconds}`
    : `${String(hours)}h${String(minutes % 60)}m${seconds}`;
}

function trimFraction(ms: number): string {
  const digits = (ms / 1000).toFixed(3).slice(2).replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

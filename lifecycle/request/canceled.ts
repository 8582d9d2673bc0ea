/** The failure of a request that its owner canceled or deleted. */
export interface Canceled {
  reason: 'Canceled';
  message: string;
}

/** Returns that failure if the owner canceled or deleted the request. It takes precedence over any problem of its resolution. */
export function canceled<T, Status>(
  type: { unwanted(request: T, status: Status): string | undefined },
  request: T,
  status: Status,
): Canceled | undefined {
  const message = type.unwanted(request, status);
  return message === undefined ? undefined : { reason: 'Canceled', message };
}

/** The end that the owner of a request has asked for. */
export interface Canceled {
  reason: 'Canceled';
  message: string;
}

/** That end, if the owner has asked for it; it comes before any trouble with the class. */
export function canceled<T, Status>(
  type: { unwanted(request: T, status: Status): string | undefined },
  request: T,
  status: Status,
): Canceled | undefined {
  const message = type.unwanted(request, status);
  return message === undefined ? undefined : { reason: 'Canceled', message };
}

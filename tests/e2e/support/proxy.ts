import { connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** Something between the movers and the object store. */
export interface Proxy {
  /** `host:port`. */
  address: string;
  close(): void;
}

/**
 * Has what `listen` makes listen on the host of `target` (`http://host:port`), and joins each connection with one of its own to the
 * target. What breaks on one side ends both.
 */
export async function startProxy(
  target: string,
  listen: (onClient: (client: Socket) => void) => Server,
  join: (client: Socket, upstream: Socket) => void,
): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const server = listen((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    join(client, upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  return {
    address: `${hostname}:${String((server.address() as AddressInfo).port)}`,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

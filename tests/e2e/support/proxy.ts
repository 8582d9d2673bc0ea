import { connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** A proxy between the movers and the object store. */
export interface Proxy {
  /** `host:port`. */
  address: string;
  close(): void;
}

/**
 * Listens with the server of `listen` on the host of `target` (`http://host:port`), and connects each client to the target. An
 * error on one side closes both.
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

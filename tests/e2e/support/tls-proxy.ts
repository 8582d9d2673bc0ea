import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';

/** A way to the object store by TLS, with a certificate that nobody has heard of. */
export interface TlsProxy {
  /** `https://host:port`. */
  endpoint: string;
  /** Whom to trust, PEM. */
  authority: string;
  close(): void;
}

/** Listens on the host of `target` (`http://host:port`). */
export async function startTlsProxy(target: string): Promise<TlsProxy> {
  const { hostname, port } = new URL(target);
  const { key, cert } = selfSigned(hostname);
  const open = new Set<Socket>();
  const server = createServer({ key, cert }, (client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  return {
    endpoint: `https://${hostname}:${String((server.address() as AddressInfo).port)}`,
    authority: cert,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** A certificate of an address that vouches for itself. */
function selfSigned(address: string): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tls-proxy-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const about = ['-subj', '/CN=object store', '-addext', `subjectAltName=IP:${address}`, '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...about, '-keyout', key, '-out', cert], {
      stdio: 'pipe',
    });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { startProxy } from './proxy.ts';

/** A TLS proxy in front of the object store, with a certificate that no default authority has signed. */
export interface TlsProxy {
  /** `https://host:port`. */
  endpoint: string;
  /** The certificate authority to trust, PEM. */
  authority: string;
  close(): void;
}

/** Listens on the host of `target` (`http://host:port`). */
export async function startTlsProxy(target: string): Promise<TlsProxy> {
  const { key, cert } = selfSigned(new URL(target).hostname);
  const { address, close } = await startProxy(
    target,
    (onClient) => createServer({ key, cert }, onClient),
    (client, upstream) => client.pipe(upstream).pipe(client),
  );
  return { endpoint: `https://${address}`, authority: cert, close };
}

/** Creates a self-signed certificate for an address. */
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

import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Reach } from '../../factory.ts';
import { probeStore } from './store-probe.ts';

const servers: { close(): unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const secret = (values: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );

const never = new AbortController().signal;

async function serve(status: number, seen: IncomingMessage[] = []): Promise<string> {
  const server: Server = createHttpServer((request, response) => {
    seen.push(request);
    response.writeHead(status).end();
  });
  servers.push(server);
  return listen(server);
}

async function listen(server: {
  listen(port: number, host: string, then: () => void): unknown;
  address(): unknown;
}) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Returns the URLs that a probe requests. */
async function askedFor(values: Record<string, string>): Promise<string[]> {
  const asked: string[] = [];
  const reach: Reach = (url) => {
    asked.push(url);
    return Promise.resolve(200);
  };
  await probeStore(secret(values), never, reach);
  return asked;
}

describe('a store', () => {
  it.each([200, 301, 403, 405, 501])('that answers %i is reachable', async (status) => {
    const host = await serve(status);
    expect(await probeStore(secret({ RESTIC_REPOSITORY: `s3:http://${host}/bucket/folder` }), never)).toEqual(
      {
        status: 'True',
        reason: 'Reachable',
        message: `${host} responds to the controller`,
      },
    );
  });

  it.each([502, 503, 504])('with nothing behind its gateway (%i) is not', async (status) => {
    const host = await serve(status);
    const found = await probeStore(secret({ RESTIC_REPOSITORY: `s3:http://${host}/bucket` }), never);
    expect(found).toMatchObject({ status: 'False', reason: 'RepositoryUnreachable' });
    expect(found.message).toContain(`the store ${host} responds with HTTP status ${String(status)}`);
  });

  it('that refuses connections is not', async () => {
    const free = createServer();
    const host = await listen(free);
    await new Promise((resolve) => free.close(resolve));
    const found = await probeStore(secret({ RESTIC_REPOSITORY: `s3:http://${host}/bucket` }), never);
    expect(found.message).toContain(`the store ${host} refuses the connection, seen from the controller`);
  });

  it('that speaks no HTTP is not', async () => {
    const server = createServer((socket) => socket.end('220 hello\r\n'));
    servers.push(server);
    const host = await listen(server);
    expect(await probeStore(secret({ RESTIC_REPOSITORY: `s3:http://${host}/bucket` }), never)).toMatchObject({
      status: 'False',
    });
  });

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate that is not trusted'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'into key RESTIC_CUSTOM_CA'],
    ['ENOTFOUND', 'has a host name that does not exist'],
    ['EPROTO', 'cannot be reached (EPROTO)'],
  ])('that fails with %s is not reachable, and the message explains why', async (code, text) => {
    const fails: Reach = () => Promise.reject(Object.assign(new Error('s3cr3t'), { code }));
    const found = await probeStore(secret({ RESTIC_REPOSITORY: 's3:https://host/bucket' }), never, fails);
    expect(found).toMatchObject({ status: 'False', message: expect.stringContaining(text) });
    expect(found.message).not.toContain('s3cr3t');
  });

  it('receives nothing from the secret', async () => {
    const seen: IncomingMessage[] = [];
    const host = await serve(401, seen);
    const url = `rest:http://user:s3cr3t@${host}/path?token=s3cr3t`;
    const found = await probeStore(
      secret({ RESTIC_REPOSITORY: url, RESTIC_PASSWORD: 's3cr3t', AWS_SECRET_ACCESS_KEY: 's3cr3t' }),
      never,
    );
    expect(found.status).toBe('True');
    expect(seen.map(({ method, url: path, rawHeaders }) => [method, path, rawHeaders.join(' ')])).toEqual([
      ['HEAD', '/', expect.not.stringMatching(/s3cr3t|authorization/i)],
    ]);
    expect(JSON.stringify(found)).not.toContain('s3cr3t');
  });

  it('has no status if the caller aborts the probe', async () => {
    const stop = new AbortController();
    const hangs: Reach = () => {
      stop.abort(new Error('shutting down'));
      return Promise.reject(new Error('aborted'));
    };
    const probe = probeStore(secret({ RESTIC_REPOSITORY: 's3:https://host/bucket' }), stop.signal, hangs);
    await expect(probe).rejects.toThrow('shutting down');
  });

  it.each([
    [{ RESTIC_REPOSITORY: 's3:https://host:9000/bucket/folder' }, 'https://host:9000/'],
    [{ RESTIC_REPOSITORY: 's3:host/bucket' }, 'https://host/'],
    [{ RESTIC_REPOSITORY: 's3://host/bucket' }, 'https://host/'],
    [{ RESTIC_REPOSITORY: 'rest:https://user:word@host:8000/x' }, 'https://host:8000/'],
    [
      { RESTIC_REPOSITORY: 'azure:container:/', AZURE_ACCOUNT_NAME: 'acc' },
      'https://acc.blob.core.windows.net/',
    ],
    [
      { RESTIC_REPOSITORY: 'azure:container:/', AZURE_ACCOUNT_NAME: 'acc', AZURE_ENDPOINT_SUFFIX: 'core.cn' },
      'https://acc.blob.core.cn/',
    ],
    [{ RESTIC_REPOSITORY: 'gs:bucket:/' }, 'https://storage.googleapis.com/'],
    [{ RESTIC_REPOSITORY: 'b2:bucket' }, 'https://api.backblazeb2.com/'],
  ])('of %j is probed at %s', async (values, url) => {
    expect(await askedFor(values)).toEqual([url]);
  });

  it('that has no host is not probed', async () => {
    const found = await probeStore(secret({ RESTIC_REPOSITORY: 's3:' }), never);
    expect(found.status).toBe('Unknown');
  });
});

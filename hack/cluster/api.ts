import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { ClusterConfig } from './config.ts';

const TIMEOUT_MS = 5_000;

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** Requests one path of the API server as the administrator. Used for readiness checks; objects are managed with kubectl. */
export function apiGet({ network, paths }: ClusterConfig, path: string): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      ca: readFileSync(join(paths.pki, 'ca.crt')),
      cert: readFileSync(join(paths.pki, 'admin.crt')),
      key: readFileSync(join(paths.pki, 'admin.key')),
      // A pooled connection fails after the API server has been replaced.
      agent: false as const,
      timeout: TIMEOUT_MS,
    };
    const call = request(new URL(path, network.apiUrl), options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error(`${path}: no answer within ${TIMEOUT_MS / 1000} s`)));
    call.on('error', reject);
    call.end();
  });
}

/** Returns one object, or undefined if it does not exist. */
export async function apiObject(config: ClusterConfig, path: string): Promise<unknown> {
  const { status, body } = await apiGet(config, path);
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`${path}: the API server answered ${status}: ${body.slice(0, 200)}`);
  return JSON.parse(body) as unknown;
}

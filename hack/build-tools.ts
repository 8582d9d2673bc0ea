/** Builds the programs that tests and the embedded cluster need (etcd, kube-apiserver, Velero, …) into the user's cache, once. */
import { loadConfig } from './cluster/config.ts';
import { createProgress } from './cluster/progress.ts';
import { ensureTools } from './cluster/tools.ts';

await ensureTools(loadConfig().cacheDir, createProgress(process.stdout));

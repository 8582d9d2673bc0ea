import { join } from 'node:path';
import { persistentVolumeClaims, persistentVolumes } from '../../../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../../../api/kubernetes/meta.ts';
import { keyOf } from '../../../../api/kubernetes/meta.ts';
import { createController } from '../../../../kube/runtime/controller.ts';
import type { Controller, Reconciler } from '../../../../kube/runtime/controller.ts';
import { createLogger } from '../../../../telemetry/log.ts';
import type { Logger } from '../../../../telemetry/log.ts';
import { createEventRecorder } from '../events.ts';
import { runControllers, terminationSignal } from '../runtime.ts';
import type { Runtime } from '../runtime.ts';
import { identityService } from './grpc/identity-service.ts';
import { registrationService } from './grpc/registration-service.ts';
import { serveOnSocket } from './grpc/socket-server.ts';
import type { SocketServer } from './grpc/socket-server.ts';
import { bindMounts } from './node/bind-mounts.ts';
import { nodeService } from './node/node-service.ts';
import { parseOptions } from './options.ts';
import type { DriverOptions } from './options.ts';
import { ClaimReconciler } from './provisioner/claim-reconciler.ts';
import { VolumeReconciler } from './provisioner/volume-reconciler.ts';
import { controllerService } from './volumes/controller-service.ts';
import { FolderStore } from './volumes/folder-store.ts';

async function serve(options: DriverOptions, store: FolderStore, log: Logger): Promise<SocketServer[]> {
  const { name, nodeName, kubeletDir, topologyKey } = options;
  const topology = topologyKey === undefined ? {} : { topologyKey };
  const endpoint = join(kubeletDir, 'plugins', name, 'csi.sock');
  const driver = await serveOnSocket(endpoint, [
    identityService({ name, version: '1.0.0', topology: topologyKey !== undefined }),
    controllerService(store),
    nodeService({ nodeName, store, mounter: bindMounts, ...topology }),
  ]);
  // Created last, because kubelet calls the driver as soon as it finds this socket.
  const registration = await serveOnSocket(join(kubeletDir, 'plugins_registry', `${name}-reg.sock`), [
    registrationService({ driverName: name, endpoint, log }),
  ]);
  return [registration, driver];
}

function provisioner(options: DriverOptions, store: FolderStore, runtime: Runtime): Controller[] {
  const { client, informers, log } = runtime;
  const { name: driverName, nodeName, topologyKey } = options;
  const recordEvent = createEventRecorder({ client, reporter: driverName, log });
  const claims = new ClaimReconciler({
    client,
    store,
    driverName,
    events: {
      normal: (claim, reason, note) => {
        recordEvent(claim, { type: 'Normal', reason, action: 'Provision', note });
      },
      warning: (claim, reason, note) => {
        recordEvent(claim, { type: 'Warning', reason, action: 'Provision', note });
      },
    },
    ...(topologyKey === undefined ? {} : { topology: { key: topologyKey, node: nodeName } }),
  });
  function controllerOf<T extends Resource>(name: string, kind: Kind<T>, reconciler: Reconciler): Controller {
    // Copying a large volume may take this long.
    const controller = createController({ name, reconciler, log, deadlineMs: 3_600_000 });
    informers.informer(kind).onChange((_, after) => {
      if (after !== undefined) controller.enqueue(keyOf(after));
    });
    return controller;
  }
  return [
    controllerOf('provisioner', persistentVolumeClaims, claims),
    controllerOf('reclaimer', persistentVolumes, new VolumeReconciler({ client, store, driverName })),
  ];
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  const log = createLogger({ level: options.verbose ? 'debug' : 'info', fields: { program: 'csi-driver' } });
  const store = new FolderStore(options.dataDir);
  await store.open();
  const servers = await serve(options, store, log);
  try {
    await runControllers({
      kubeconfig: options.kubeconfig,
      name: options.name,
      log,
      signal: terminationSignal(),
      build: (runtime) => provisioner(options, store, runtime),
    });
  } finally {
    for (const server of servers) await server.close();
  }
}

await main(process.argv.slice(2));

import { parseArgs } from 'node:util';

/** The driver's command line. */
export interface DriverOptions {
  /** Name of the driver, as in CSIDriver and StorageClass. */
  name: string;
  /** Name of the Node that this driver serves. */
  nodeName: string;
  /** kubelet's root folder. Sockets are created in its `plugins` and `plugins_registry`. */
  kubeletDir: string;
  /** Folder of volumes and snapshots. */
  dataDir: string;
  kubeconfig: string;
  /** Label that ties volumes to the node. Absent: every node can use them. */
  topologyKey?: string;
  verbose: boolean;
}

/** Throws an error that names the missing flag. */
export function parseOptions(args: readonly string[]): DriverOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      name: { type: 'string', default: 'csi-test.datamover.local' },
      'node-name': { type: 'string' },
      'kubelet-dir': { type: 'string' },
      'data-dir': { type: 'string' },
      kubeconfig: { type: 'string' },
      'topology-key': { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const topologyKey = values['topology-key'];
  return {
    name: values.name,
    nodeName: required(values['node-name'], '--node-name'),
    kubeletDir: required(values['kubelet-dir'], '--kubelet-dir'),
    dataDir: required(values['data-dir'], '--data-dir'),
    kubeconfig: required(values.kubeconfig, '--kubeconfig'),
    ...(topologyKey === undefined ? {} : { topologyKey }),
    verbose: values.verbose,
  };
}

function required(value: string | undefined, flag: string): string {
  if (value === undefined || value === '') throw new Error(`${flag} is required`);
  return value;
}

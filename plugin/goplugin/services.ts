import type { ServiceDefinition } from '@grpc/grpc-js';
import type { BackupItemActionDefinition } from '../../proto/gen/v2/BackupItemAction.ts';
import type { DeleteItemActionDefinition } from '../../proto/gen/generated/DeleteItemAction.ts';
import type { GRPCBrokerDefinition } from '../../proto/gen/plugin/GRPCBroker.ts';
import type { GRPCControllerDefinition } from '../../proto/gen/plugin/GRPCController.ts';
import type { GRPCStdioDefinition } from '../../proto/gen/plugin/GRPCStdio.ts';
import type { HealthDefinition } from '../../proto/gen/grpc/health/v1/Health.ts';
import type { ItemBlockActionDefinition } from '../../proto/gen/v1/ItemBlockAction.ts';
import type { PluginListerDefinition } from '../../proto/gen/generated/PluginLister.ts';
import type { RestoreItemActionDefinition } from '../../proto/gen/v2/RestoreItemAction.ts';
import schema from '../../proto/schema.json' with { type: 'json' };
import { decode, encode } from './wire.ts';

/** The services of a plugin process, by the names that Velero and go-plugin call. */
export interface Services {
  broker: GRPCBrokerDefinition;
  controller: GRPCControllerDefinition;
  stdio: GRPCStdioDefinition;
  health: HealthDefinition;
  lister: PluginListerDefinition;
  backupItemAction: BackupItemActionDefinition;
  restoreItemAction: RestoreItemActionDefinition;
  deleteItemAction: DeleteItemActionDefinition;
  itemBlockAction: ItemBlockActionDefinition;
}

/** The schema and the types are generated from the same files, see hack/gen-protos.ts. */
export const services: Services = {
  broker: service('plugin.GRPCBroker') as GRPCBrokerDefinition,
  controller: service('plugin.GRPCController') as GRPCControllerDefinition,
  stdio: service('plugin.GRPCStdio') as GRPCStdioDefinition,
  health: service('grpc.health.v1.Health') as HealthDefinition,
  lister: service('generated.PluginLister') as PluginListerDefinition,
  backupItemAction: service('v2.BackupItemAction') as BackupItemActionDefinition,
  restoreItemAction: service('v2.RestoreItemAction') as RestoreItemActionDefinition,
  deleteItemAction: service('generated.DeleteItemAction') as DeleteItemActionDefinition,
  itemBlockAction: service('v1.ItemBlockAction') as ItemBlockActionDefinition,
};

function service(name: keyof typeof schema.services): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(schema.services[name]).map(([method, { request, response, ...streams }]) => [
      method,
      {
        path: `/${name}/${method}`,
        ...streams,
        requestSerialize: (message: object) => encode(request, message),
        requestDeserialize: (bytes: Buffer) => decode(request, bytes),
        responseSerialize: (message: object) => encode(response, message),
        responseDeserialize: (bytes: Buffer) => decode(response, bytes),
      },
    ]),
  );
}

import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { descriptor } from './descriptor.ts';
import type { BackupItemActionDefinition } from '../../proto/gen/v2/BackupItemAction.ts';
import type { DeleteItemActionDefinition } from '../../proto/gen/generated/DeleteItemAction.ts';
import type { GRPCBrokerDefinition } from '../../proto/gen/plugin/GRPCBroker.ts';
import type { GRPCControllerDefinition } from '../../proto/gen/plugin/GRPCController.ts';
import type { GRPCStdioDefinition } from '../../proto/gen/plugin/GRPCStdio.ts';
import type { HealthDefinition } from '../../proto/gen/grpc/health/v1/Health.ts';
import type { ItemBlockActionDefinition } from '../../proto/gen/v1/ItemBlockAction.ts';
import type { PluginListerDefinition } from '../../proto/gen/generated/PluginLister.ts';
import type { RestoreItemActionDefinition } from '../../proto/gen/v2/RestoreItemAction.ts';

/** The services a plugin process offers, under the names that Velero and go-plugin call. */
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

/** Builds the services from the descriptor that is part of the program: no .proto file is read. */
export function loadServices(): Services {
  // The same options as in hack/gen-protos.ts.
  const definition = fromJSON(descriptor, {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const service = (name: string): ServiceDefinition => serviceOf(definition, name);
  // The descriptor and the types come from the same files, see hack/gen-protos.ts.
  return {
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
}

function serviceOf(definition: PackageDefinition, name: string): ServiceDefinition {
  const found = definition[name];
  if (found === undefined || 'format' in found)
    throw new Error(`proto/descriptor.json has no service ${name}`);
  return found;
}

import { fileURLToPath } from 'node:url';
import type { handleUnaryCall, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { RpcError } from './rpc-error.ts';

const protoFile = (name: string): string => fileURLToPath(new URL(`../proto/${name}`, import.meta.url));

/** Requests arrive with every field set and 64-bit numbers as strings, so handlers need no null checks. */
const loadOptions = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

function serviceOf(file: string, name: string): ServiceDefinition {
  const definition = loadSync(protoFile(file), loadOptions)[name];
  if (definition === undefined || 'format' in definition) {
    throw new Error(`proto/${file} defines no service ${name}`);
  }
  return definition;
}

/** The services of the driver, read from the `.proto` files beside this folder. */
export const identityDefinition = serviceOf('csi.proto', 'csi.v1.Identity');
export const controllerDefinition = serviceOf('csi.proto', 'csi.v1.Controller');
export const nodeDefinition = serviceOf('csi.proto', 'csi.v1.Node');
export const registrationDefinition = serviceOf(
  'pluginregistration.proto',
  'pluginregistration.Registration',
);

/** Returns a gRPC handler for an async function. An error that it throws becomes the call's status. */
export function unary<Request, Response>(
  handler: (request: Request) => Promise<Response> | Response,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => handler(call.request))
      .then(
        (response) => {
          callback(null, response);
        },
        (reason: unknown) => {
          const { code, message } = RpcError.from(reason);
          callback({ code, details: message });
        },
      );
  };
}

/** One service with its handlers, ready to be added to a server. */
export interface BoundService {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
}

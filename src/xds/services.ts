/** The gRPC services by path, with messages as bytes: requests are decoded by the stream, responses are encoded once for all. */
import { type ServiceDefinition, status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import type { XdsType } from '../../events/node.ts'

type Names = { readonly service: string; readonly stream: string; readonly others: readonly string[] }

const SERVICES: { readonly [Type in XdsType]: Names } = {
  npds: {
    service: 'cilium.NetworkPolicyDiscoveryService',
    stream: 'StreamNetworkPolicies',
    others: ['DeltaNetworkPolicies', 'FetchNetworkPolicies'],
  },
  nphds: {
    service: 'cilium.NetworkPolicyHostsDiscoveryService',
    stream: 'StreamNetworkPolicyHosts',
    others: ['DeltaNetworkPolicyHosts', 'FetchNetworkPolicyHosts'],
  },
  lds: {
    service: 'envoy.service.listener.v3.ListenerDiscoveryService',
    stream: 'StreamListeners',
    others: ['DeltaListeners', 'FetchListeners'],
  },
}

const AGGREGATED: Names = {
  service: 'envoy.service.discovery.v3.AggregatedDiscoveryService',
  stream: '',
  others: ['StreamAggregatedResources', 'DeltaAggregatedResources'],
}

/** `/service/method` of the type's state of the world stream. */
export const streamPath = (xds: XdsType): string => `/${SERVICES[xds].service}/${SERVICES[xds].stream}`

/** What a client hears that asks in another way. */
export const NOT_SERVED: string = `state of the world on one stream per type is served here: ${Object.keys(SERVICES)
  .map((xds) => streamPath(xds as XdsType))
  .join(', ')}`

/** The stream of one type. */
export function streamService(xds: XdsType): ServiceDefinition {
  return { [SERVICES[xds].stream]: method(streamPath(xds)) }
}
export const streamMethod = (xds: XdsType): string => SERVICES[xds].stream

/** Every other way to ask: delta, fetch and aggregated. A unary call is a stream of one message to the one who refuses it. */
export const otherServices: ServiceDefinition = Object.fromEntries(
  [...Object.values(SERVICES), AGGREGATED].flatMap(({ service, others }) =>
    others.map((name) => [name, method(`/${service}/${name}`)]),
  ),
)

export const otherHandlers: UntypedServiceImplementation = Object.fromEntries(
  Object.keys(otherServices).map((name) => [
    name,
    (call: { emit(event: 'error', error: object): void }) =>
      call.emit('error', { code: status.UNIMPLEMENTED, details: NOT_SERVED }),
  ]),
)

function method(path: string): ServiceDefinition[string] {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  }
}

function asBytes(bytes: Buffer): Buffer {
  return bytes
}

/**
 * Every event there is. A new type is: the type and schema in its family's file, a line in the union, a line in the
 * table, an example in test/events/examples.ts and a new catalogue golden.
 *
 * The meaning of a `type` at a `v` never changes. Another shape is `v` + 1 and one step in upcast.ts.
 */
import * as endpoint from './endpoint.ts'
import * as facts from './facts.ts'
import * as identity from './identity.ts'
import * as node from './node.ts'
import * as policy from './policy.ts'
import * as regeneration from './regeneration.ts'
import type { Schema } from './schema.ts'

export type HindcastEvent =
  | policy.PolicyAdded
  | policy.PolicyDeleted
  | policy.PolicyRefused
  | policy.PositionTagged
  | facts.CidrGroupSet
  | facts.CidrGroupDeleted
  | facts.ServiceSet
  | facts.ServiceDeleted
  | facts.DnsAnswerLearned
  | facts.DnsAnswerExpired
  | identity.IdentityAllocated
  | identity.IdentityReleased
  | identity.IpcacheUpserted
  | identity.IpcacheDeleted
  | endpoint.EndpointCreated
  | endpoint.EndpointIdentityChanged
  | endpoint.EndpointStateChanged
  | endpoint.EndpointDeleted
  | regeneration.PolicyReaction
  | regeneration.EndpointRegenerationRequested
  | regeneration.EndpointRegenerationStarted
  | regeneration.PolicyMapWritten
  | regeneration.EndpointRegenerationSucceeded
  | regeneration.EndpointRegenerationFailed
  | regeneration.EndpointRevisionBumped
  | node.AgentStarted
  | node.AgentStopped
  | node.KernelProbed
  | node.ProxyPortAllocated
  | node.ProxyPortReleased
  | node.ProgramLoaded
  | node.ProgramUnloaded
  | node.XdsPublished
  | node.XdsAcked
  | node.XdsNacked
  | node.ProxyConnectionChanged

export type EventType = HindcastEvent['type']
export type EventOf<Type extends EventType> = Extract<HindcastEvent, { readonly type: Type }>

export type Catalogue = {
  readonly [Type in EventType]: {
    readonly v: EventOf<Type>['v']
    readonly schema: Schema<EventOf<Type>>
  }
}

/** The current version and shape of each type. */
export const catalogue: Catalogue = {
  PolicyAdded: { v: 1, schema: policy.policyAdded },
  PolicyDeleted: { v: 1, schema: policy.policyDeleted },
  PolicyRefused: { v: 1, schema: policy.policyRefused },
  PositionTagged: { v: 1, schema: policy.positionTagged },
  CidrGroupSet: { v: 1, schema: facts.cidrGroupSet },
  CidrGroupDeleted: { v: 1, schema: facts.cidrGroupDeleted },
  ServiceSet: { v: 1, schema: facts.serviceSet },
  ServiceDeleted: { v: 1, schema: facts.serviceDeleted },
  DnsAnswerLearned: { v: 1, schema: facts.dnsAnswerLearned },
  DnsAnswerExpired: { v: 1, schema: facts.dnsAnswerExpired },
  IdentityAllocated: { v: 1, schema: identity.identityAllocated },
  IdentityReleased: { v: 1, schema: identity.identityReleased },
  IpcacheUpserted: { v: 1, schema: identity.ipcacheUpserted },
  IpcacheDeleted: { v: 1, schema: identity.ipcacheDeleted },
  EndpointCreated: { v: 1, schema: endpoint.endpointCreated },
  EndpointIdentityChanged: { v: 1, schema: endpoint.endpointIdentityChanged },
  EndpointStateChanged: { v: 1, schema: endpoint.endpointStateChanged },
  EndpointDeleted: { v: 1, schema: endpoint.endpointDeleted },
  PolicyReaction: { v: 1, schema: regeneration.policyReaction },
  EndpointRegenerationRequested: {
    v: 1,
    schema: regeneration.endpointRegenerationRequested,
  },
  EndpointRegenerationStarted: {
    v: 1,
    schema: regeneration.endpointRegenerationStarted,
  },
  PolicyMapWritten: { v: 1, schema: regeneration.policyMapWritten },
  EndpointRegenerationSucceeded: {
    v: 1,
    schema: regeneration.endpointRegenerationSucceeded,
  },
  EndpointRegenerationFailed: {
    v: 1,
    schema: regeneration.endpointRegenerationFailed,
  },
  EndpointRevisionBumped: { v: 1, schema: regeneration.endpointRevisionBumped },
  AgentStarted: { v: 2, schema: node.agentStarted },
  AgentStopped: { v: 1, schema: node.agentStopped },
  KernelProbed: { v: 1, schema: node.kernelProbed },
  ProxyPortAllocated: { v: 1, schema: node.proxyPortAllocated },
  ProxyPortReleased: { v: 1, schema: node.proxyPortReleased },
  ProgramLoaded: { v: 1, schema: node.programLoaded },
  ProgramUnloaded: { v: 1, schema: node.programUnloaded },
  XdsPublished: { v: 1, schema: node.xdsPublished },
  XdsAcked: { v: 1, schema: node.xdsAcked },
  XdsNacked: { v: 1, schema: node.xdsNacked },
  ProxyConnectionChanged: { v: 1, schema: node.proxyConnectionChanged },
}

export const EVENT_TYPES: readonly EventType[] = Object.keys(catalogue).toSorted() as EventType[]

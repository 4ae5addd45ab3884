/** Stream `node-<node>`: what the node's agent, kernel and proxy did. */
import { digest, direction, endpointId, nodeName, port } from './fields.ts'
import type { Digest, EndpointId, NodeName, Port } from './ids.ts'
import { type PolicyOptions, policyOptions } from './policy-options.ts'
import { eventSchema, flag, type Json, json, list, oneOf, orNull, record, type Schema, text } from './schema.ts'

/** `kernel`: BPF programs decide. `model`: the projections decide, because the kernel cannot be used (and `reason` says why). */
export type DatapathMode = 'kernel' | 'model'

export type AgentStarted = {
  readonly type: 'AgentStarted'
  readonly v: 2
  readonly node: NodeName
  readonly version: string
  readonly datapath: DatapathMode
  readonly reason: string
  /** What policies mean to this agent. */
  readonly options: PolicyOptions
}
export const agentStarted: Schema<AgentStarted> = eventSchema('AgentStarted', 2, {
  node: nodeName,
  version: text,
  datapath: oneOf('kernel', 'model'),
  reason: text,
  options: policyOptions,
})

/** The agent ended by itself; after a crash this event is missing, and the next `AgentStarted` follows without it. */
export type AgentStopped = {
  readonly type: 'AgentStopped'
  readonly v: 1
  readonly node: NodeName
  readonly reason: string
}
export const agentStopped: Schema<AgentStopped> = eventSchema('AgentStopped', 1, {
  node: nodeName,
  reason: text,
})

/** What the kernel can do, as tried and not as claimed. `since` is the first kernel that has the feature. */
export type KernelProbed = {
  readonly type: 'KernelProbed'
  readonly v: 1
  readonly release: string
  readonly features: readonly {
    readonly name: string
    readonly available: boolean
    readonly detail: string
    readonly since: string
  }[]
}
export const kernelProbed: Schema<KernelProbed> = eventSchema('KernelProbed', 1, {
  release: text,
  features: list(record({ name: text, available: flag, detail: text, since: text })),
})

/** The proxy listens for this parser and direction on this port; `listener` is the LDS name without the port. */
export type ProxyPortAllocated = {
  readonly type: 'ProxyPortAllocated'
  readonly v: 1
  readonly listener: string
  readonly parser: string
  readonly direction: 'ingress' | 'egress'
  readonly port: Port
}
export const proxyPortAllocated: Schema<ProxyPortAllocated> = eventSchema('ProxyPortAllocated', 1, {
  listener: text,
  parser: text,
  direction,
  port,
})

export type ProxyPortReleased = {
  readonly type: 'ProxyPortReleased'
  readonly v: 1
  readonly listener: string
  readonly port: Port
}
export const proxyPortReleased: Schema<ProxyPortReleased> = eventSchema('ProxyPortReleased', 1, {
  listener: text,
  port,
})

/** A program of this tag is attached to the device; an older one in its place is replaced without a gap. */
export type ProgramLoaded = {
  readonly type: 'ProgramLoaded'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly program: string
  /** The kernel's tag: 16 hex digits over the instructions. */
  readonly tag: string
  /** Of the object file. */
  readonly objectDigest: Digest
  readonly device: string
  readonly hook: 'ingress' | 'egress'
  readonly attach: 'tcx' | 'clsact' | 'tail-call'
  readonly pinnedAt: string
}
export const programLoaded: Schema<ProgramLoaded> = eventSchema('ProgramLoaded', 1, {
  endpoint: endpointId,
  program: text,
  tag: text,
  objectDigest: digest,
  device: text,
  hook: direction,
  attach: oneOf('tcx', 'clsact', 'tail-call'),
  pinnedAt: text,
})

export type ProgramUnloaded = {
  readonly type: 'ProgramUnloaded'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly program: string
  readonly device: string
}
export const programUnloaded: Schema<ProgramUnloaded> = eventSchema('ProgramUnloaded', 1, {
  endpoint: endpointId,
  program: text,
  device: text,
})

/** Short names of the xDS types that the agent serves. */
export type XdsType = 'npds' | 'nphds' | 'lds'
export const xdsType: Schema<XdsType> = oneOf('npds', 'nphds', 'lds')

/** The served snapshot of one type changed: `changed` replaces or adds by name, `removed` takes away. */
export type XdsPublished = {
  readonly type: 'XdsPublished'
  readonly v: 1
  readonly xds: XdsType
  /** `<epoch>.<sequence>`: unique over restarts of the agent. */
  readonly version: string
  /** Of all resources of the type, in order of name. */
  readonly digest: Digest
  readonly changed: readonly {
    readonly name: string
    readonly resource: Json
  }[]
  readonly removed: readonly string[]
}
export const xdsPublished: Schema<XdsPublished> = eventSchema('XdsPublished', 1, {
  xds: xdsType,
  version: text,
  digest,
  changed: list(record({ name: text, resource: json })),
  removed: list(text),
})

/** A client took the version. `client` is the node id that it gave. */
export type XdsAcked = {
  readonly type: 'XdsAcked'
  readonly v: 1
  readonly xds: XdsType
  readonly version: string
  readonly nonce: string
  readonly client: string
}
export const xdsAcked: Schema<XdsAcked> = eventSchema('XdsAcked', 1, {
  xds: xdsType,
  version: text,
  nonce: text,
  client: text,
})

/** A client refused the version and still runs `running` (null: nothing yet). */
export type XdsNacked = {
  readonly type: 'XdsNacked'
  readonly v: 1
  readonly xds: XdsType
  readonly version: string
  readonly running: string | null
  readonly nonce: string
  readonly client: string
  readonly detail: string
}
export const xdsNacked: Schema<XdsNacked> = eventSchema('XdsNacked', 1, {
  xds: xdsType,
  version: text,
  running: orNull(text),
  nonce: text,
  client: text,
  detail: text,
})

/** A proxy connected to the xDS socket, or went. */
export type ProxyConnectionChanged = {
  readonly type: 'ProxyConnectionChanged'
  readonly v: 1
  readonly client: string
  readonly connected: boolean
}
export const proxyConnectionChanged: Schema<ProxyConnectionChanged> = eventSchema('ProxyConnectionChanged', 1, {
  client: text,
  connected: flag,
})

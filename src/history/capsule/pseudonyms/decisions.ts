/** What becomes of each field of each event. A type or a field without a decision does not compile. */
import type { EventOf, EventType } from '../../../../events/catalogue.ts'
import type { ServiceBackends } from '../../../../events/facts.ts'
import type { NamedPort, PolicyMapDelta, PolicyMapValue, Problem, ResourceRef } from '../../../../events/fields.ts'
import { type Cidr, type IpAddress, NodeName } from '../../../../events/ids.ts'
import { ascending } from '../../../../events/order.ts'
import type { PolicyOptions } from '../../../../events/policy-options.ts'
import type { EventContext } from '../../../../events/recorded.ts'
import type { Phase, Redirect } from '../../../../events/regeneration.ts'
import { type Changing, inOrder, ownListener } from './changing.ts'
import { type Decisions, each, orNull, ours, type Rename, record } from './field.ts'
import { labelValue } from './labels.ts'
import { pseudonymousOrigin } from './manifest.ts'
import { CLUSTER_KEY } from './vocabulary.ts'

/** What people or programs wrote in words. */
const WITHHELD = 'withheld'

type Of<Value> = Rename<Value, Changing>
const name: Of<string> = (text, { names }) => names.name(text)
const path: Of<string> = (text, { names }) => names.path(text)
const dns: Of<string> = (text, { names }) => names.dns(text)
const withheld: Of<string> = () => WITHHELD
const address: Of<IpAddress> = (text, c) => c.address(text)
const prefix: Of<Cidr> = (text, c) => c.prefix(text)
const mac: Of<string> = (text, { names }) => names.mac(text)
const node: Of<NodeName> = (text, { names }) => NodeName(names.name(text))
const addresses: Of<readonly IpAddress[]> = (all, c) => all.map((one) => c.address(one)).toSorted()
const labelSet: Of<{ readonly [key: string]: string }> = (given, c) => c.labelSet(given)
const digest: Of<EventOf<'PolicyDeleted'>['digest']> = (text, c) => c.digest(text)
const tag: Of<string> = (text, { names }) => names.tag(text)
/** One of the engine's own: `cilium-http-ingress`. */
const listener: Of<string> = (text) => ownListener(text)

/** What a proxy is told of is named by the number of an endpoint or an identity, or is a listener of the engine. */
const resourceName: Of<string> = (text) => ownListener(text)

const resource: Of<ResourceRef> = record<ResourceRef, Changing>({ kind: 'same', namespace: orNull(name), name })
/** The path may name keys of a manifest, and the reason what stands there. */
const problem: Of<Problem> = record<Problem, Changing>({
  code: ours,
  path: () => '',
  reason: withheld,
  line: 'same',
  column: 'same',
})
const namedPort: Of<NamedPort> = record<NamedPort, Changing>({
  name: (text, { names }) => names.port(text),
  port: 'same',
  protocol: 'same',
})
const backends: Of<ServiceBackends> = record<ServiceBackends, Changing>({
  source: (text, { names }) => {
    const [, kind, of = ''] = /^(Endpoints|EndpointSlice)\/(.*)$/s.exec(text) ?? []
    return kind === undefined ? names.name(text) : `${kind}/${names.name(of)}`
  },
  addresses,
})
const mapValue: Of<PolicyMapValue> = record<PolicyMapValue, Changing>({
  verdict: 'same',
  proxyPort: 'same',
  precedence: 'same',
  authType: 'same',
  origins: (all, { names }) => all.map((origin) => pseudonymousOrigin(names, origin)).toSorted(),
})
const delta: Of<PolicyMapDelta> = record<PolicyMapDelta, Changing>({
  key: 'same',
  before: orNull(mapValue),
  after: orNull(mapValue),
})
const phase: Of<Phase> = record<Phase, Changing>({ name: ours, durationUs: 'same' })
const redirect: Of<Redirect> = record<Redirect, Changing>({
  id: (text) => {
    ownListener(text)
    return text
  },
  direction: 'same',
  protocol: ours,
  port: 'same',
  parser: ours,
  proxyPort: 'same',
})

type Feature = EventOf<'KernelProbed'>['features'][number]
const feature: Of<Feature> = record<Feature, Changing>({ name: ours, available: 'same', detail: withheld, since: ours })

const options: Of<PolicyOptions> = record<PolicyOptions, Changing>({
  enforcement: 'same',
  allowLocalhost: 'same',
  enableRemoteNodeIdentity: 'same',
  enableHostFirewall: 'same',
  clusterName: (text, { names }) => labelValue(names, CLUSTER_KEY, text),
  enableL7Proxy: 'same',
  enableIcmpRules: 'same',
})

type Table = { readonly [Type in EventType]: Decisions<EventOf<Type>, Changing> }

const POLICIES: Pick<Table, 'PolicyAdded' | 'PolicyDeleted' | 'PolicyRefused' | 'PositionTagged'> = {
  PolicyAdded: {
    resource,
    manifest: (_, c, event) => c.manifest(event),
    digest: (_, c, event) => c.manifestDigest(event),
    rules: 'same',
    revision: 'same',
    replaces: orNull(digest),
  },
  PolicyDeleted: { resource, digest, revision: 'same' },
  PolicyRefused: { resource: orNull(resource), inputDigest: digest, problems: each(problem), furtherProblems: 'same' },
  PositionTagged: { name, position: ours },
}

type FactType =
  | 'CidrGroupSet'
  | 'CidrGroupDeleted'
  | 'ServiceSet'
  | 'ServiceDeleted'
  | 'DnsAnswerLearned'
  | 'DnsAnswerExpired'
const FACTS: Pick<Table, FactType> = {
  CidrGroupSet: { name, labels: labelSet, prefixes: (all, c) => inOrder(all.map((one) => c.prefix(one))) },
  CidrGroupDeleted: { name },
  ServiceSet: {
    namespace: name,
    name,
    labels: orNull(labelSet),
    backends: (all, c) => all.map((one) => backends(one, c, null)).toSorted((a, b) => ascending(a.source, b.source)),
  },
  ServiceDeleted: { namespace: name, name },
  DnsAnswerLearned: { name: dns, addresses, ttlSeconds: 'same', askedBy: 'same' },
  DnsAnswerExpired: { name: dns, addresses, reason: 'same' },
}

type IdentityType = 'IdentityAllocated' | 'IdentityReleased' | 'IpcacheUpserted' | 'IpcacheDeleted'
const IDENTITIES: Pick<Table, IdentityType> = {
  IdentityAllocated: {
    identity: 'same',
    scope: 'same',
    labels: (all, c, event) => c.labels(all, event.prefix),
    prefix: orNull(prefix),
  },
  IdentityReleased: { identity: 'same' },
  IpcacheUpserted: {
    prefix,
    identity: 'same',
    tunnelEndpoint: orNull(address),
    encryptKey: 'same',
    origin: 'same',
    skipTunnel: 'same',
  },
  IpcacheDeleted: { prefix },
}

type EndpointType = 'EndpointCreated' | 'EndpointIdentityChanged' | 'EndpointStateChanged' | 'EndpointDeleted'
const ENDPOINTS: Pick<Table, EndpointType> = {
  EndpointCreated: {
    endpoint: 'same',
    name: path,
    labels: (all, c) => c.labels(all, null),
    ipv4: orNull(address),
    ipv6: orNull(address),
    device: orNull(name),
    mac: orNull(mac),
    nodeMac: orNull(mac),
    namedPorts: each(namedPort),
  },
  EndpointIdentityChanged: { endpoint: 'same', identity: 'same', labels: (all, c) => c.labels(all, null) },
  EndpointStateChanged: { endpoint: 'same', from: 'same', to: 'same', reason: withheld },
  EndpointDeleted: { endpoint: 'same' },
}

type Trigger = EventOf<'EndpointRegenerationStarted'>['triggers'][number]
type BuildType =
  | 'PolicyReaction'
  | 'EndpointRegenerationRequested'
  | 'EndpointRegenerationStarted'
  | 'PolicyMapWritten'
  | 'EndpointRegenerationSucceeded'
  | 'EndpointRegenerationFailed'
  | 'EndpointRevisionBumped'
const BUILDS: Pick<Table, BuildType> = {
  PolicyReaction: {
    revision: 'same',
    previousRevision: 'same',
    identities: 'same',
    regenerate: 'same',
    bump: 'same',
    skipped: 'same',
  },
  EndpointRegenerationRequested: { endpoint: 'same', trigger: 'same', level: 'same', folded: 'same' },
  EndpointRegenerationStarted: {
    endpoint: 'same',
    build: 'same',
    level: 'same',
    triggers: each(record<Trigger, Changing>({ trigger: 'same', cause: ours })),
    revision: 'same',
    reads: ours,
  },
  // Maps have no names in them: their digests stay.
  PolicyMapWritten: { endpoint: 'same', build: 'same', deltas: each(delta), entries: 'same', digest: ours },
  EndpointRegenerationSucceeded: {
    endpoint: 'same',
    build: 'same',
    revision: 'same',
    identity: 'same',
    desiredDigest: ours,
    realizedDigest: ours,
    ingressEnforced: 'same',
    egressEnforced: 'same',
    redirects: each(redirect),
    npdsVersion: orNull(ours),
    programTag: orNull(tag),
    phases: each(phase),
  },
  EndpointRegenerationFailed: {
    endpoint: 'same',
    build: 'same',
    revision: 'same',
    phase: ours,
    code: ours,
    reason: withheld,
    retryInMs: 'same',
    phases: each(phase),
  },
  EndpointRevisionBumped: { endpoint: 'same', from: 'same', to: 'same' },
}

type KernelType = 'AgentStarted' | 'AgentStopped' | 'KernelProbed' | 'ProgramLoaded' | 'ProgramUnloaded'
const KERNELS: Pick<Table, KernelType> = {
  AgentStarted: { node, version: ours, datapath: 'same', reason: withheld, options },
  AgentStopped: { node, reason: withheld },
  KernelProbed: { release: ours, features: each(feature) },
  ProgramLoaded: {
    endpoint: 'same',
    program: ours,
    tag,
    objectDigest: digest,
    device: name,
    hook: 'same',
    attach: 'same',
    pinnedAt: name,
  },
  ProgramUnloaded: { endpoint: 'same', program: ours, device: name },
}

type ProxyType = Exclude<
  EventType,
  keyof typeof POLICIES | FactType | IdentityType | EndpointType | BuildType | KernelType
>
const PROXIES: Pick<Table, ProxyType> = {
  ProxyPortAllocated: { listener, parser: ours, direction: 'same', port: 'same' },
  ProxyPortReleased: { listener, port: 'same' },
  XdsPublished: {
    xds: 'same',
    version: ours,
    digest: (_, c, event) => c.published(event).digest,
    changed: (_, c, event) => c.published(event).changed,
    removed: each(resourceName),
  },
  XdsAcked: { xds: 'same', version: ours, nonce: ours, client: name },
  XdsNacked: { xds: 'same', version: ours, running: orNull(ours), nonce: ours, client: name, detail: withheld },
  ProxyConnectionChanged: { client: name, connected: 'same' },
}

export const DECISIONS: Table = {
  ...POLICIES,
  ...FACTS,
  ...IDENTITIES,
  ...ENDPOINTS,
  ...BUILDS,
  ...KERNELS,
  ...PROXIES,
}

export const OF_CONTEXT: Decisions<EventContext, Changing> = {
  actor: record<EventContext['actor'], Changing>({ kind: 'same', name }),
  // A file, or the namespace and name of an object.
  source: record<EventContext['source'], Changing>({ kind: 'same', detail: path }),
  // Drawn by chance.
  correlation: ours,
  cause: 'same',
}

/**
 * The two programs of bpf/endpoint.bpf.c in TypeScript: what leaves an endpoint, and what goes to it. Each packet ends in exactly one way: on,
 * dropped with Cilium's reason, or to the proxy.
 */
import type { EndpointId, IpAddress, Port } from '../../events/ids.ts'
import type { PolicyMap, PolicyMapEntry } from '../../projections/datapath/policy-map.ts'
import { type ProbeVerdict, policyVerdict, requiredAuthType } from '../../projections/datapath/verdict.ts'
import type { EndpointSpec, PolicyVerdict } from '../ports/datapath.ts'
import type { Connection, Conntrack, ConntrackState, Hook } from './conntrack.ts'
import { MARK, type ModelPacket, markIdentity, markMagic, markWithIdentity, PROTOCOL, policyPort } from './packet.ts'

/** `on`: with the mark that the packet carries from here. `proxy`: a null port is the proxy's own connection, known by its addresses. */
export type HookOutcome =
  | { readonly kind: 'on'; readonly mark: number }
  | { readonly kind: 'drop'; readonly reason: number }
  | { readonly kind: 'proxy'; readonly port: Port | null }

/** What the programs ask about the rest of the node. */
export type HookWorld = {
  readonly conntrack: Conntrack
  readonly nowSeconds: number
  readonly identityOf: (address: IpAddress) => number
  /** Null where the endpoint has no map. */
  readonly policyOf: (endpoint: EndpointId) => PolicyMap | null
  readonly count: (endpoint: EndpointId, entry: PolicyMapEntry, bytes: number) => void
  readonly report: (verdict: PolicyVerdict) => void
  /** Whether a socket of the proxy holds exactly this connection. */
  readonly proxyHolds: (packet: ModelPacket) => boolean
  readonly proxyListens: (port: Port) => boolean
}

/** Drop reasons (pkg/monitor/api/drop.go). */
export const DROP = {
  invalidSourceIp: 132,
  policy: 133,
  unknownL4: 137,
  unsupportedL3: 139,
  unknownTarget: 150,
  noSocket: 178,
  proxyProtocol: 180,
  policyDeny: 181,
  authRequired: 189,
  noPolicyMap: 203,
} as const

/** The mark has room for the lower 24 bits of an identity; those above say its scope. */
const IDENTITY_MARK_BITS = 0x00ff_ffff
const PROTOCOLS: ReadonlySet<number> = new Set(Object.values(PROTOCOL))

/** One packet on its way through a program. */
type Passage = {
  readonly world: HookWorld
  readonly packet: ModelPacket
  readonly endpoint: EndpointId
  readonly hook: Hook
  /** Identity of the other end, and of the sender. */
  readonly remote: number
  readonly source: number
  readonly fromProxy: boolean
  readonly state: ConntrackState
  /** Null for a new one. */
  readonly connection: Connection | null
}

export function fromEndpoint(world: HookWorld, endpoint: EndpointSpec, packet: ModelPacket): HookOutcome {
  const refused = unreadable(packet)
  if (refused !== null) return drop(refused)
  if (endpoint.ipv4 !== packet.source) return drop(DROP.invalidSourceIp)
  const found = world.conntrack.lookup('egress', packet, world.nowSeconds)
  const passage: Passage = {
    world,
    packet,
    endpoint: endpoint.endpoint,
    hook: 'egress',
    remote: world.identityOf(packet.destination),
    source: endpoint.identity,
    fromProxy: false,
    ...found,
  }
  if (found.state === 'reply' || found.state === 'related') return replies(passage)
  const judged = judge(passage)
  if (judged.kind === 'drop') return judged
  remember(passage, judged.port !== null || passage.fromProxy)
  return judged.port === null ? goesOn(passage) : toProxy(passage, judged.port)
}

export function toEndpoint(world: HookWorld, endpoint: EndpointSpec, packet: ModelPacket): HookOutcome {
  const refused = unreadable(packet)
  if (refused !== null) return drop(refused)
  if (endpoint.ipv4 !== packet.destination) return drop(DROP.unknownTarget)
  const magic = markMagic(packet.mark)
  const source = sourceIdentity(packet, world.identityOf(packet.source))
  const found = world.conntrack.lookup('ingress', packet, world.nowSeconds)
  const passage: Passage = {
    world,
    packet,
    endpoint: endpoint.endpoint,
    hook: 'ingress',
    remote: source,
    source,
    fromProxy: magic === MARK.fromIngressProxy || magic === MARK.fromEgressProxy,
    ...found,
  }
  if (found.state === 'reply' || found.state === 'related') return on(packet)
  if (magic === MARK.fromIngressProxy) return fromIngressProxy(passage)
  if (found.state === 'new' && world.proxyHolds(packet)) return { kind: 'proxy', port: null }
  const judged = judge(passage)
  if (judged.kind === 'drop') return judged
  remember(passage, judged.port !== null || passage.fromProxy)
  return judged.port === null ? goesOn(passage) : toProxy(passage, judged.port)
}

/** As in the kernel: IPv4 only, and of protocols those with a policy meaning. */
function unreadable({ source, destination, protocol }: ModelPacket): number | null {
  if (source.includes(':') || destination.includes(':')) return DROP.unsupportedL3
  return PROTOCOLS.has(protocol) ? null : DROP.unknownL4
}

/** A mark of ours knows better than the address; the address completes the scope. */
function sourceIdentity({ mark }: ModelPacket, byAddress: number): number {
  const magic = markMagic(mark)
  if (magic !== MARK.fromIngressProxy && magic !== MARK.fromEgressProxy && magic !== MARK.identity) return byAddress
  return (byAddress & IDENTITY_MARK_BITS) === markIdentity(mark) ? byAddress : markIdentity(mark)
}

/** Told once a connection, and for every dropped packet. A new connection that passes is remembered. */
function judge(
  passage: Passage,
): { readonly kind: 'pass'; readonly port: Port | null } | Extract<HookOutcome, { kind: 'drop' }> {
  const { world, packet, endpoint, hook, state, source, fromProxy } = passage
  const map = world.policyOf(endpoint)
  if (map === null) return tellDrop(passage, DROP.noPolicyMap)
  const probe = { direction: hook, identity: passage.remote, protocol: packet.protocol, port: policyPort(packet) }
  const verdict = policyVerdict(map, probe)
  if (verdict.entry !== null) world.count(endpoint, verdict.entry, packet.bytes)
  if (verdict.verdict === 'deny') {
    return tellDrop(passage, verdict.entry === null ? DROP.policy : DROP.policyDeny, verdict)
  }
  if (requiredAuthType(map, probe) !== 0) return tellDrop(passage, DROP.authRequired, verdict)
  const port = verdict.verdict === 'redirect' ? (verdict.entry!.value.proxyPort as Port) : null
  if (state === 'new') {
    const proxied = port !== null || fromProxy
    world.conntrack.create(hook, packet, { now: world.nowSeconds, sourceIdentity: source, proxied })
  }
  if (state !== 'established') tell(passage, { action: port === null ? 'allow' : 'redirect', proxyPort: port }, verdict)
  return { kind: 'pass', port }
}

/** A known connection learns who sends by now, and whether its answers are the proxy's; one that began plain stays so. */
function remember({ state, connection, source, fromProxy }: Passage, proxied: boolean): void {
  if (connection === null) return
  connection.source = source
  if (state === 'reopened') connection.proxied = false
  if (proxied && (state === 'reopened' || fromProxy)) connection.proxied = true
}

/** The endpoint answers. What answers the proxy goes to the proxy, whose connection may carry a foreign address. */
function replies({ packet, source, connection }: Passage): HookOutcome {
  return connection?.proxied ? { kind: 'proxy', port: null } : on(packet, source)
}

/** Allowed without a redirect. A connection that the proxy holds stays with it until its socket is gone. */
function goesOn({ world, packet, source, connection, fromProxy, hook }: Passage): HookOutcome {
  if (connection?.proxied && !(hook === 'ingress' && fromProxy)) {
    if (world.proxyHolds(packet)) return { kind: 'proxy', port: null }
    connection.proxied = false
  }
  return hook === 'egress' ? on(packet, source) : on(packet)
}

/** The proxy has judged this already; the entry makes the endpoint's answers go back to it. */
function fromIngressProxy(passage: Passage): HookOutcome {
  const { world, packet, source, state } = passage
  if (state === 'new') {
    world.conntrack.create('ingress', packet, { now: world.nowSeconds, sourceIdentity: source, proxied: true })
  } else remember(passage, true)
  return on(packet)
}

function toProxy(passage: Passage, port: Port): HookOutcome {
  const { world, packet } = passage
  if (packet.protocol !== PROTOCOL.tcp && packet.protocol !== PROTOCOL.udp) return tellDrop(passage, DROP.proxyProtocol)
  return world.proxyHolds(packet) || world.proxyListens(port)
    ? { kind: 'proxy', port }
    : tellDrop(passage, DROP.noSocket)
}

function on({ mark }: ModelPacket, source: number | null = null): HookOutcome {
  return { kind: 'on', mark: source === null ? mark : markWithIdentity(MARK.identity, source) }
}

function drop(reason: number): Extract<HookOutcome, { kind: 'drop' }> {
  return { kind: 'drop', reason }
}

function tellDrop(passage: Passage, reason: number, verdict: ProbeVerdict | null = null): ReturnType<typeof drop> {
  tell(passage, { action: 'deny', proxyPort: null, dropReason: reason }, verdict)
  return drop(reason)
}

function tell(
  { world, packet, endpoint, hook, remote }: Passage,
  said: Pick<PolicyVerdict, 'action' | 'proxyPort'> & { readonly dropReason?: number },
  verdict: ProbeVerdict | null,
): void {
  world.report({
    endpoint,
    direction: hook,
    remoteIdentity: remote as PolicyVerdict['remoteIdentity'],
    protocol: packet.protocol,
    source: packet.source,
    sourcePort: packet.sourcePort,
    destination: packet.destination,
    destinationPort: policyPort(packet),
    dropReason: null,
    matchType: verdict?.matchType ?? 'none',
    ...said,
  })
}

/**
 * Packets of a moment: what the programs say of them on scratch maps with the state of that moment, beside what the evaluator says of the same
 * policy map. The evaluator takes the other side's identity from who was named, the programs from its address, so that a contested address shows too.
 */
import type { Direction } from '../../../events/fields.ts'
import { Cidr, type IpAddress } from '../../../events/ids.ts'
import { type Probe, policyVerdict, requiredAuthType } from '../../../projections/datapath/verdict.ts'
import { parseAddress } from '../../../projections/ip/prefix.ts'
import { ipcacheOfNode } from '../../../projections/ipcache.ts'
import type { EndpointView, World } from '../../../projections/world.ts'
import type { PolicyVerdict } from '../../ports/datapath.ts'
import type { ScratchDatapath, ScratchPacket, ScratchState } from '../../ports/scratch.ts'
import { type Party, partyOf } from '../party.ts'

/** `from` and `to` as `why` takes them. */
export type PacketWish = {
  readonly from: string
  readonly to: string
  readonly protocol: number
  readonly port: number
  readonly sourcePort: number
}

export type Subject = { readonly node: string; readonly view: EndpointView }

/** Numbers of Cilium's drop reasons; null where the packet is not dropped. */
export type PacketAnswer = {
  readonly verdict: PolicyVerdict['action']
  readonly dropReason: number | null
  readonly proxyPort: number | null
  readonly matchType: PolicyVerdict['matchType']
  /** Of the other side. */
  readonly identity: number
}

export type JudgedPacket = {
  readonly packet: PacketWish
  readonly direction: Direction
  /** Null where the programs told no verdict. */
  readonly kernel: PacketAnswer | null
  readonly evaluator: PacketAnswer
  readonly agrees: boolean
}

export type PlacedPacket = { readonly wish: PacketWish; readonly scratch: ScratchPacket; readonly probe: Probe }

const NO_ENTRY = 133
const DENIED = 181
const AUTH_REQUIRED = 189
const ICMP = 1
/** Echo and timestamp: the others speak of a connection that there is, or answer. */
const ICMP_REQUESTS: readonly number[] = [8, 13]

/** What the node had of IPv4; the programs judge nothing else. An endpoint without an identity has nothing in the kernel yet. */
export function scratchState(world: World, node: string): ScratchState {
  const views = [...(world.nodes.get(node)?.endpoints.values() ?? [])]
  return {
    endpoints: views.flatMap(({ endpoint, identity, ipv4, policyMap }) => {
      if (identity === null || ipv4 === null) return []
      return [{ spec: { endpoint, identity, ipv4, device: null, mac: null, nodeMac: null }, policyMap }]
    }),
    ipcache: [...ipcacheOfNode(world, node).values()]
      .filter(({ prefix }) => parseAddress(prefix.split('/')[0]!)?.family === 4)
      .map(({ prefix, identity, tunnelEndpoint, encryptKey, skipTunnel }) => ({
        prefix: Cidr(prefix),
        identity,
        tunnelEndpoint,
        encryptKey,
        skipTunnel,
      })),
  }
}

/** Where the packet meets the endpoint's program, or why it cannot. */
export function placePacket(world: World, { node, view }: Subject, wish: PacketWish): PlacedPacket | string {
  if (wish.protocol === ICMP && !ICMP_REQUESTS.includes(wish.port))
    return `ICMP type ${wish.port} begins no connection; ${ICMP_REQUESTS.join(' and ')} do`
  const from = partyOf(world, wish.from, node)
  if (from.kind !== 'found') return from.reason
  const to = partyOf(world, wish.to, node)
  if (to.kind !== 'found') return to.reason
  const [source, destination] = [ipv4Of(from.party), ipv4Of(to.party)]
  if (source === null || destination === null) {
    return `${source === null ? wish.from : wish.to} has no IPv4 address: say an address`
  }
  const isSubject = ({ endpoint }: Party): boolean =>
    endpoint !== null && endpoint.node === node && endpoint.view.endpoint === view.endpoint
  if (isSubject(from.party) === isSubject(to.party)) return `one side, and not both, is endpoint ${view.endpoint}`
  const direction = isSubject(to.party) ? 'ingress' : 'egress'
  const { identity } = direction === 'ingress' ? from.party : to.party
  const { protocol, port, sourcePort } = wish
  return {
    wish,
    scratch: { direction, source, destination, protocol, port, sourcePort },
    probe: { direction, identity, protocol, port },
  }
}

function ipv4Of({ endpoint, address }: Party): IpAddress | null {
  const text = endpoint === null ? address : endpoint.view.ipv4
  return text !== null && parseAddress(text)?.family === 4 ? (text as IpAddress) : null
}

/** Throws `DatapathError`. */
export async function judgePacket(
  kernel: ScratchDatapath,
  { view }: Subject,
  { wish, scratch, probe }: PlacedPacket,
): Promise<JudgedPacket> {
  const told = await kernel.judge(scratch)
  const evaluator = evaluate(view, probe)
  const found = told === null ? null : answerOf(told)
  const agrees =
    found !== null && (Object.keys(evaluator) as (keyof PacketAnswer)[]).every((key) => found[key] === evaluator[key])
  return { packet: wish, direction: probe.direction, kernel: found, evaluator, agrees }
}

function answerOf({ action, dropReason, proxyPort, matchType, remoteIdentity }: PolicyVerdict): PacketAnswer {
  return { verdict: action, dropReason, proxyPort, matchType, identity: remoteIdentity }
}

function evaluate({ policyMap }: EndpointView, probe: Probe): PacketAnswer {
  const { verdict, entry, matchType } = policyVerdict(policyMap, probe)
  const rest = { matchType, identity: probe.identity }
  const denied = (dropReason: number): PacketAnswer => ({ verdict: 'deny', dropReason, proxyPort: null, ...rest })
  if (verdict === 'deny') return denied(entry === null ? NO_ENTRY : DENIED)
  if (requiredAuthType(policyMap, probe) !== 0) return denied(AUTH_REQUIRED)
  const proxyPort = verdict === 'redirect' ? (entry?.value.proxyPort ?? null) : null
  return { verdict, dropReason: null, proxyPort, ...rest }
}

/**
 * Packets of a moment: what the programs say of them on scratch maps with the state of that moment, beside what the evaluator says of the same
 * policy maps. Each packet begins a connection of its own and meets the program of each side that is an endpoint there: egress at the source, then
 * ingress at the destination, as if the source's had let it pass. An answer goes the way back, and passes by conntrack where its connection did.
 *
 * The evaluator takes the other side's identity from who was named, the programs from its address, so that a contested address shows too.
 */
import type { Direction } from '../../../events/fields.ts'
import { Cidr, type EndpointId, type IpAddress } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { type Probe, policyVerdict, requiredAuthType } from '../../../projections/datapath/verdict.ts'
import { equal } from '../../../projections/history/changes.ts'
import { parseAddress } from '../../../projections/ip/prefix.ts'
import { ipcacheOfNode } from '../../../projections/ipcache.ts'
import type { HttpRequest } from '../../../projections/l7/http-rule.ts'
import { judge } from '../../../projections/verdict/judge.ts'
import { recordedPolicy } from '../../../projections/verdict/recorded-policy.ts'
import type { EndpointView, World } from '../../../projections/world.ts'
import type { PolicyVerdict } from '../../ports/datapath.ts'
import type { ScratchAnswer, ScratchDatapath, ScratchPacket, ScratchState } from '../../ports/scratch.ts'
import { type Party, partyOf } from '../party.ts'

/** `from` and `to` as `why` takes them. */
export type PacketWish = {
  readonly from: string
  readonly to: string
  readonly protocol: number
  readonly port: number
  readonly sourcePort: number
  /** What is asked on the connection, where a proxy sees it. */
  readonly request: HttpRequest | null
  /** Whether its answer is given to the programs, too. */
  readonly answered: boolean
}

/** Whose programs are run; null: of every endpoint among the two. */
export type Scope = {
  readonly node: string | null
  readonly endpoint: EndpointId | null
  readonly direction: Direction | null
}

/** Numbers of Cilium's drop reasons; null where the packet is not dropped. */
export type PacketAnswer = {
  readonly verdict: PolicyVerdict['action']
  readonly dropReason: number | null
  readonly proxyPort: number | null
  readonly matchType: PolicyVerdict['matchType']
  /** Of the other side. */
  readonly identity: number
}

export type Judged<Answer> = {
  readonly node: string
  readonly endpoint: EndpointId
  readonly direction: Direction
  /** Null where the programs neither told a verdict nor let it pass. */
  readonly kernel: Answer | null
  readonly evaluator: Answer
  readonly agrees: boolean
}

export type JudgedSide = Judged<PacketAnswer> & {
  /** What the proxy says of the request; null where none was asked or it does not get there. */
  readonly http: { readonly allowed: boolean; readonly reason: string } | null
}

/** `known`: it belongs to a connection that was let through. */
export type AnswerVerdict = { readonly by: 'known' } | ({ readonly by: 'policy' } & PacketAnswer)

export type JudgedPacket = {
  readonly packet: PacketWish
  readonly sides: readonly JudgedSide[]
  /** Of the sides that let the connection go past the proxy or denied it; what a proxy answers is no matter of policies. */
  readonly answers: readonly Judged<AnswerVerdict>[]
  readonly agrees: boolean
}

export type PlacedSide = {
  readonly node: string
  readonly view: EndpointView
  readonly scratch: ScratchPacket
  readonly probe: Probe
}
export type PlacedPacket = { readonly wish: PacketWish; readonly sides: readonly PlacedSide[] }

const NO_ENTRY = 133
const DENIED = 181
const AUTH_REQUIRED = 189
const ICMP = 1
/** Echo and timestamp, with the types of their answers: the others speak of a connection that there is, or answer. */
const ICMP_ANSWERS: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [13, 14],
])

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

/** Where the packet meets programs, or why it cannot. */
export function placePacket(world: World, scope: Scope, wish: PacketWish): PlacedPacket | string {
  if (wish.protocol === ICMP && !ICMP_ANSWERS.has(wish.port))
    return `ICMP type ${wish.port} begins no connection; ${[...ICMP_ANSWERS.keys()].join(' and ')} do`
  const from = partyOf(world, wish.from, scope.node)
  if (from.kind !== 'found') return from.reason
  const to = partyOf(world, wish.to, scope.node)
  if (to.kind !== 'found') return to.reason
  const [source, destination] = [ipv4Of(from.party), ipv4Of(to.party)]
  if (source === null || destination === null) {
    return `${source === null ? wish.from : wish.to} has no IPv4 address: say an address`
  }
  if (source === destination) return 'what an endpoint sends itself meets no program'
  const ends = { source, destination }
  const sides = [
    ...sideOf(wish, scope, { direction: 'egress', subject: from.party, peer: to.party, ...ends }),
    ...sideOf(wish, scope, { direction: 'ingress', subject: to.party, peer: from.party, ...ends }),
  ]
  return sides.length === 0 ? `no side is ${scopeText(scope)}` : { wish, sides }
}

type Ends = {
  readonly direction: Direction
  readonly subject: Party
  readonly peer: Party
  readonly source: IpAddress
  readonly destination: IpAddress
}

function sideOf(
  { protocol, port, sourcePort }: PacketWish,
  scope: Scope,
  { direction, subject, peer, source, destination }: Ends,
): readonly PlacedSide[] {
  if (subject.endpoint === null) return []
  const { node, view } = subject.endpoint
  if (scope.node !== null && node !== scope.node) return []
  if (scope.endpoint !== null && view.endpoint !== scope.endpoint) return []
  if (scope.direction !== null && direction !== scope.direction) return []
  return [
    {
      node,
      view,
      scratch: { direction, source, destination, protocol, port, sourcePort, role: 'first' },
      probe: { direction, identity: peer.identity, protocol, port },
    },
  ]
}

function scopeText({ node, endpoint }: Scope): string {
  const where = node === null ? '' : ` of node ${node}`
  return endpoint === null ? `an endpoint${where}` : `endpoint ${endpoint}${where}`
}

function ipv4Of({ endpoint, address }: Party): IpAddress | null {
  const text = endpoint === null ? address : endpoint.view.ipv4
  return text !== null && parseAddress(text)?.family === 4 ? (text as IpAddress) : null
}

/** `kernelOf` a node. Throws `DatapathError`. */
export async function judgePacket(
  world: World,
  kernelOf: (node: string) => Promise<ScratchDatapath>,
  { wish, sides }: PlacedPacket,
): Promise<JudgedPacket> {
  for (const node of new Set(sides.map((side) => side.node))) await (await kernelOf(node)).forget()
  const judged: JudgedSide[] = []
  for (const side of sides) judged.push(await judgeSide(world, await kernelOf(side.node), side, wish.request))
  const answers: Judged<AnswerVerdict>[] = []
  if (wish.answered) {
    // The way back begins where the packet went to.
    for (const [index, side] of [...sides.entries()].toReversed()) {
      const { verdict } = judged[index]!.evaluator
      if (verdict !== 'redirect') answers.push(await judgeAnswer(await kernelOf(side.node), side, verdict === 'allow'))
    }
  }
  return { packet: wish, sides: judged, answers, agrees: [...judged, ...answers].every(({ agrees }) => agrees) }
}

async function judgeSide(
  world: World,
  kernel: ScratchDatapath,
  { node, view, scratch, probe }: PlacedSide,
  request: HttpRequest | null,
): Promise<JudgedSide> {
  const { told } = await kernel.judge(scratch)
  const evaluator = evaluate(view, probe)
  const found = told === null ? null : answerOf(told)
  const policy = evaluator.verdict === 'redirect' && request !== null ? recordedPolicy(world, node, view) : null
  const http = policy === null ? null : judge(policy, { ...probe, request }).http
  return {
    ...place(node, view, probe.direction),
    kernel: found,
    evaluator,
    http: http === null ? null : { allowed: http.allowed, reason: http.reason },
    agrees: sameAnswer(found, evaluator),
  }
}

/** `isKnown`: the evaluator let the connection go this way. Else the answer is judged as what it looks like, the first packet of another one. */
async function judgeAnswer(
  kernel: ScratchDatapath,
  { node, view, scratch, probe }: PlacedSide,
  isKnown: boolean,
): Promise<Judged<AnswerVerdict>> {
  const direction = probe.direction === 'ingress' ? 'egress' : 'ingress'
  const { source, destination, protocol, port, sourcePort } = scratch
  // An ICMP answer has another type and the same number.
  const back = protocol === ICMP ? (ICMP_ANSWERS.get(port) ?? 0) : sourcePort
  const ports = { port: back, sourcePort: protocol === ICMP ? sourcePort : port }
  const answer = { direction, source: destination, destination: source, protocol, ...ports, role: 'answer' } as const
  const found = verdictOfAnswer(await kernel.judge(answer))
  const evaluator: AnswerVerdict = isKnown
    ? { by: 'known' }
    : { by: 'policy', ...evaluate(view, { direction, identity: probe.identity, protocol, port: back }) }
  return { ...place(node, view, direction), kernel: found, evaluator, agrees: sameAnswer(found, evaluator) }
}

function verdictOfAnswer({ told, passes }: ScratchAnswer): AnswerVerdict | null {
  if (told !== null) return { by: 'policy', ...answerOf(told) }
  return passes ? { by: 'known' } : null
}

function place(
  node: string,
  { endpoint }: EndpointView,
  direction: Direction,
): Pick<Judged<never>, 'node' | 'endpoint' | 'direction'> {
  return { node, endpoint, direction }
}

function sameAnswer(kernel: Json | null, evaluator: Json): boolean {
  return kernel !== null && equal(kernel, evaluator)
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

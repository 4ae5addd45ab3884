/**
 * What two policies of one endpoint decide differently, as ranges of connections, each with one witness that was judged under both.
 *
 * A verdict is the same for all ports between two bounds of the keys' port ranges, so one port of each such region stands for it. All
 * identities that a key names are tried, and one that none names stands for the others. Where HTTP decides, requests that the rules of either side
 * speak of are tried, and one that none speaks of: between two rules there may be requests that no sample meets.
 */
import type { Direction } from '../../events/fields.ts'
import type { Json } from '../../events/schema.ts'
import { comparePolicyMapKeys, type PolicyMapEntry, sameInKernel } from '../datapath/policy-map.ts'
import { equal } from '../history/changes.ts'
import type { HttpRequest } from '../l7/http-rule.ts'
import { ANY_REQUEST, requestSamples } from '../l7/sample.ts'
import { type Asked, type JudgedPolicy, judge } from './judge.ts'

export type SemanticDifference = {
  readonly direction: Direction
  /** Of the other side; 0 where the witness's identity only stands for all that no key names. */
  readonly identity: number
  readonly protocol: number
  /** For ICMP the type. */
  readonly ports: { readonly from: number; readonly to: number }
  /** What the later policy does that the earlier one did not. */
  readonly change: 'allowed' | 'denied'
  /** Judged under both: the answers differ. Its identity is one that exists. */
  readonly witness: Asked
}

export type SemanticQuestion = {
  readonly before: JudgedPolicy
  readonly after: JudgedPolicy
  /** Identities that exist, for the one that stands for all others. */
  readonly known: readonly number[]
}

const TCP = 6
/** Tried where a key takes any protocol, or enforcement itself changed. */
const USUAL_PROTOCOLS: readonly number[] = [TCP, 17, 132, 1]
const PORT_MAX = 0xffff
const ICMP: readonly number[] = [1, 58]
const ICMP_TYPE_MAX = 0xff

/** In the order of direction, identity, protocol, port. */
export function semanticDifferences(question: SemanticQuestion): readonly SemanticDifference[] {
  return (['ingress', 'egress'] as const).flatMap((direction) => ofDirection(question, direction))
}

function ofDirection(question: SemanticQuestion, direction: Direction): readonly SemanticDifference[] {
  const entries = entriesOf(question, direction)
  const { before, after, known } = question
  const enforcement = direction === 'ingress' ? 'ingressEnforced' : 'egressEnforced'
  // Then anybody may be concerned; else only whom a changed key names.
  const isWide =
    before[enforcement] !== after[enforcement] ||
    !equal(rulesOf(before), rulesOf(after)) ||
    entries.some(({ entry, same }) => !same && entry.key.identity === 0)
  const named = new Set<number>(entries.map(({ entry }) => entry.key.identity).filter((identity) => identity !== 0))
  const changed = new Set<number>(entries.filter(({ same }) => !same).map(({ entry }) => entry.key.identity))
  const own = [...named].filter((identity) => isWide || changed.has(identity)).toSorted((a, b) => a - b)
  const other = known.find((identity) => !named.has(identity))
  const others = isWide && other !== undefined ? [{ identity: 0, probe: other }] : []
  const peers = [...own.map((identity) => ({ identity, probe: identity })), ...others]
  const regions = regionsOf(
    entries.map(({ entry }) => entry),
    isWide,
  )
  return peers.flatMap(({ identity, probe }) =>
    regions.flatMap(({ protocol, ranges }) =>
      merged(ranges.flatMap((ports) => judged(question, { direction, identity, probe, protocol, ports }))),
    ),
  )
}

function rulesOf({ rules }: JudgedPolicy): Json {
  return rules as unknown as Json
}

type Compared = { readonly entry: PolicyMapEntry; readonly same: boolean }

/** Every entry of either map, and whether the other has the same. */
function entriesOf({ before, after }: SemanticQuestion, direction: Direction): readonly Compared[] {
  const keys = new Set([...before.map.keys(), ...after.map.keys()])
  return [...keys]
    .flatMap((key) => {
      const [left, right] = [before.map.get(key), after.map.get(key)]
      const entry = (right ?? left)!
      const same = left !== undefined && right !== undefined && sameInKernel(left.value, right.value)
      return entry.key.direction === direction ? [{ entry, same }] : []
    })
    .toSorted((a, b) => comparePolicyMapKeys(a.entry.key, b.entry.key))
}

export type Ports = { readonly from: number; readonly to: number }
export type Region = { readonly protocol: number; readonly ranges: readonly Ports[] }

/** Within each range every port meets the same entries. `isWide`: the usual protocols, whether or not a key takes any. */
export function regionsOf(entries: readonly PolicyMapEntry[], isWide: boolean): readonly Region[] {
  const own = entries.map(({ key }) => key.protocol).filter((protocol) => protocol !== 0)
  const isAny = isWide || entries.some(({ key }) => key.protocol === 0)
  const protocols = [...new Set([...own, ...(isAny ? USUAL_PROTOCOLS : [])])].toSorted((a, b) => a - b)
  return protocols.map((protocol) => ({ protocol, ranges: rangesOf(entries, protocol) }))
}

function rangesOf(entries: readonly PolicyMapEntry[], protocol: number): readonly Ports[] {
  const last = ICMP.includes(protocol) ? ICMP_TYPE_MAX : PORT_MAX
  const starts = new Set([0])
  for (const { key } of entries) {
    if (key.protocol !== protocol || key.portBits === 0) continue
    starts.add(key.port)
    starts.add(key.port + 2 ** (16 - key.portBits))
  }
  const sorted = [...starts].filter((start) => start <= last).toSorted((a, b) => a - b)
  return sorted.map((from, index) => ({ from, to: (sorted[index + 1] ?? last + 1) - 1 }))
}

type Tried = {
  readonly direction: Direction
  readonly identity: number
  readonly probe: number
  readonly protocol: number
  readonly ports: Ports
}

/** At most one difference each way. */
function judged(
  question: SemanticQuestion,
  { direction, identity, probe, protocol, ports }: Tried,
): readonly SemanticDifference[] {
  // Nobody connects to port 0, but there is an ICMP type 0.
  const port = ports.from === 0 && !ICMP.includes(protocol) ? Math.min(1, ports.to) : ports.from
  const connection: Asked = { direction, identity: probe, protocol, port, request: null }
  const found = witnesses(question, connection)
  return (['allowed', 'denied'] as const).flatMap((change) => {
    const witness = found.find(({ isAllowed }) => isAllowed === (change === 'allowed'))
    return witness === undefined ? [] : [{ direction, identity, protocol, ports, change, witness: witness.asked }]
  })
}

/** Requests where the connection is let through at both ends, or by the proxy at one; the connection itself where it is not. */
function witnesses(
  { before, after }: SemanticQuestion,
  connection: Asked,
): readonly { readonly asked: Asked; readonly isAllowed: boolean }[] {
  const [left, right] = [judge(before, connection), judge(after, connection)]
  const isProxied = connection.protocol === TCP && [left.verdict, right.verdict].includes('redirect')
  const tried = isProxied
    ? requestsOf([before, after], connection).map((request) => ({ ...connection, request }))
    : [connection]
  return tried.flatMap((asked) => {
    const [was, is] = [judge(before, asked).allowed, judge(after, asked).allowed]
    return was === is ? [] : [{ asked, isAllowed: is }]
  })
}

function requestsOf(policies: readonly JudgedPolicy[], { direction, port }: Asked): readonly HttpRequest[] {
  const samples = policies.flatMap(({ rules }) => (rules === null ? [] : requestSamples(rules, { direction, port })))
  return [...samples, ANY_REQUEST]
}

/** Neighbouring ranges with the same change and the same kind of witness are one. */
function merged(differences: readonly SemanticDifference[]): readonly SemanticDifference[] {
  const found: SemanticDifference[] = []
  for (const one of differences) {
    const index = found.findIndex(
      ({ change, ports, witness }) =>
        change === one.change && ports.to + 1 === one.ports.from && sameRequest(witness.request, one.witness.request),
    )
    if (index === -1) found.push(one)
    else found[index] = { ...found[index]!, ports: { from: found[index]!.ports.from, to: one.ports.to } }
  }
  return found
}

function sameRequest(a: HttpRequest | null, b: HttpRequest | null): boolean {
  return a === b || (a !== null && b !== null && a.method === b.method && a.path === b.path)
}

/** Where a replay comes out differently from what was recorded. */
import type { Direction, PolicyMapDelta } from '../../../events/fields.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { Json } from '../../../events/schema.ts'
import { type PolicyMap, policyMapDiff } from '../../../projections/datapath/policy-map.ts'
import { equal } from '../../../projections/history/changes.ts'
import type { NetworkPolicyMessage, PortNetworkPolicy } from '../../../projections/xds/messages.ts'
import { type EventRef, refOf } from '../event-at.ts'

export type MismatchKind =
  /** The log contradicts itself: a digest does not fit what was written before. */
  | 'log'
  /** A written map is not the sum of what was written to it. */
  | 'policy-map'
  /** The build would come out differently. */
  | 'regeneration'
  /** The proxy would be told something else. */
  | 'network-policy'
  /** Other endpoints would be regenerated, bumped or skipped. */
  | 'reaction'

export type Mismatch = {
  readonly kind: MismatchKind
  readonly event: EventRef
  readonly node: string
  readonly endpoint: number | null
  readonly reason: string
  readonly recorded: Json
  readonly recomputed: Json
  /** From the recorded map to the recomputed one; each side names its rules. */
  readonly entries: readonly PolicyMapDelta[]
  /** Of what the proxy would be told: rules that only one of the two has. */
  readonly rules: readonly RuleDifference[]
}

export type RuleDifference = {
  readonly side: 'recorded' | 'recomputed'
  readonly direction: Direction
  /** `80/TCP`, `8080-8090/TCP`. */
  readonly port: string
  /** The rule element that it comes from. */
  readonly origin: string
  readonly rule: Json
}

export type Finding = Omit<Mismatch, 'event' | 'node'>

/** What a finding is where no map and no message differ. */
export const NO_RULES: Pick<Mismatch, 'entries' | 'rules'> = { entries: [], rules: [] }

export function mismatch(recorded: Recorded, node: string, finding: Finding): Mismatch {
  return { event: refOf(recorded), node, ...finding }
}

export function mapFinding(
  kind: MismatchKind,
  {
    endpoint,
    reason,
    recorded,
    recomputed,
  }: {
    readonly endpoint: number
    readonly reason: string
    readonly recorded: PolicyMap
    readonly recomputed: PolicyMap
  },
): Finding {
  return {
    kind,
    endpoint,
    reason,
    recorded: `${recorded.size} entries`,
    recomputed: `${recomputed.size} entries`,
    entries: policyMapDiff(recorded, recomputed),
    rules: [],
  }
}

/** Null: the proxy was told nothing. */
export function ruleDifferences(
  recorded: NetworkPolicyMessage | null,
  recomputed: NetworkPolicyMessage,
): readonly RuleDifference[] {
  const [before, after] = [recorded === null ? [] : rulesOf(recorded), rulesOf(recomputed)]
  const lacking = (rules: readonly PlacedRule[], others: readonly PlacedRule[]): readonly PlacedRule[] =>
    rules.filter((rule) => !others.some((other) => equal(asJson(rule), asJson(other))))
  return [
    ...lacking(before, after).map((rule) => ({ side: 'recorded', ...rule }) as const),
    ...lacking(after, before).map((rule) => ({ side: 'recomputed', ...rule }) as const),
  ]
}

type PlacedRule = Omit<RuleDifference, 'side'>

function rulesOf({ ingressPerPortPolicies, egressPerPortPolicies }: NetworkPolicyMessage): readonly PlacedRule[] {
  const placed = (direction: Direction, policies: readonly PortNetworkPolicy[]): readonly PlacedRule[] =>
    policies.flatMap(({ port, endPort, protocol, rules }) =>
      rules.map((rule) => ({
        direction,
        port: `${endPort === 0 ? port : `${port}-${endPort}`}/${protocol}`,
        origin: rule.name,
        rule: asJson(rule),
      })),
    )
  return [...placed('ingress', ingressPerPortPolicies), ...placed('egress', egressPerPortPolicies)]
}

/** Messages are JSON by their types. */
function asJson(value: object): Json {
  return value as unknown as Json
}

/** Where a replay comes out differently from what was recorded. */
import type { PolicyMapDelta } from '../../../events/fields.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { Json } from '../../../events/schema.ts'
import { type PolicyMap, policyMapDiff } from '../../../projections/datapath/policy-map.ts'
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
}

export type Finding = Omit<Mismatch, 'event' | 'node'>

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
  }
}

/** Local identities for prefixes that no agent has given one yet. */
import { type Cidr, IdentityId } from '../../../events/ids.ts'
import { prefixLabels } from '../../../projections/identity/prefix-labels.ts'
import type { KnownIdentity, PolicyEngine } from '../../../projections/policy/engine.ts'
import type { NodeView } from '../../../projections/world.ts'

export type Imagined = { readonly prefix: Cidr; readonly identity: IdentityId }

/** Above all local identities that a node gives out in its life. */
export const IMAGINED_FIRST = 0x01f0_0000

/** Numbers that a branch has given away, where the moment is on one. */
export function imaginedBefore({ localIdentities }: NodeView): number {
  return Math.max(IMAGINED_FIRST, ...[...localIdentities.keys()].map((identity) => identity + 1)) - IMAGINED_FIRST
}

/** Local identities for the required prefixes that have none; they are known from then on. */
export function imagine(engine: PolicyEngine, known: Set<Cidr>, made: number): readonly Imagined[] {
  const missing = [...engine.requiredPrefixes()].filter((prefix) => !known.has(prefix)).toSorted()
  const imagined = missing.map((prefix, index) => ({ prefix, identity: IdentityId(IMAGINED_FIRST + made + index) }))
  for (const { prefix } of imagined) known.add(prefix)
  if (imagined.length > 0) engine.apply({ kind: 'identities', added: knownAs(imagined), removed: [] })
  return imagined
}

export function knownAs(imagined: readonly Imagined[]): readonly KnownIdentity[] {
  return imagined.map(({ prefix, identity }) => ({ id: identity, labels: prefixLabels(prefix), prefix }))
}

/** The numbers that a node has given to prefixes. */
export function numbered({ localIdentities }: NodeView): readonly Imagined[] {
  return [...localIdentities.values()].flatMap(({ prefix, identity }) =>
    prefix === null ? [] : [{ prefix, identity }],
  )
}

/** Takes back the numbers of prefixes that were required and are not any more. What was not needed before is on its way out already. */
export function release(
  engine: PolicyEngine,
  given: readonly Imagined[],
  required: ReadonlySet<Cidr>,
): readonly Imagined[] {
  const needed = engine.requiredPrefixes()
  const gone = given.filter(({ prefix }) => required.has(prefix) && !needed.has(prefix))
  if (gone.length > 0) engine.apply({ kind: 'identities', added: [], removed: gone.map(({ identity }) => identity) })
  return gone
}

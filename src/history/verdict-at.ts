/** Whether a connection or request gets through in a world: both sides, by what was in force there. `why` says the rest. */
import type { Direction } from '../../events/fields.ts'
import { engineOfWorld } from '../../projections/verdict/engine-of-world.ts'
import { judge, judgedPolicyOf } from '../../projections/verdict/judge.ts'
import { recordedPolicy } from '../../projections/verdict/recorded-policy.ts'
import type { World } from '../../projections/world.ts'
import { type Party, partiesOf } from './party.ts'
import type { WhyQuestion } from './why.ts'

export type VerdictAt =
  | { readonly kind: 'judged'; readonly allowed: boolean }
  /** One of the two was not there. */
  | { readonly kind: 'unknown'; readonly reason: string }

export function verdictAt(world: World, question: WhyQuestion): VerdictAt {
  const ends = partiesOf(world, question)
  if (ends.kind !== 'found') return { kind: 'unknown', reason: ends.reason }
  const { from, to } = ends
  const allowed =
    isLetThrough(world, question, { direction: 'egress', subject: from, peer: to }) &&
    isLetThrough(world, question, { direction: 'ingress', subject: to, peer: from })
  return { kind: 'judged', allowed }
}

type Side = { readonly direction: Direction; readonly subject: Party; readonly peer: Party }

/** Nothing is enforced at who is no endpoint; before the first build what the policies ask for stands in. */
function isLetThrough(
  world: World,
  { protocol, port, request }: WhyQuestion,
  { direction, subject, peer }: Side,
): boolean {
  if (subject.endpoint === null) return true
  const { node, view } = subject.endpoint
  const resolve = () =>
    judgedPolicyOf(engineOfWorld(world, node).resolve({ identity: subject.identity, namedPorts: view.namedPorts }))
  const policy = recordedPolicy(world, node, view) ?? resolve()
  return policy !== null && judge(policy, { direction, identity: peer.identity, protocol, port, request }).allowed
}

/** The policy of an endpoint as it was in force: what was written to its map, and what its proxy took last. */

import type { Json } from '../../events/schema.ts'
import { compileNetworkPolicy } from '../l7/network-policy.ts'
import type { EndpointView, World } from '../world.ts'
import type { NetworkPolicyMessage } from '../xds/messages.ts'
import { acknowledged, type XdsRefusal } from '../xds/view.ts'
import type { JudgedPolicy } from './judge.ts'

/** Null before the first success: nothing was written yet. */
export function recordedPolicy(world: World, node: string, view: EndpointView): JudgedPolicy | null {
  if (view.revision === null) return null
  const served = world.nodes.get(node)?.xds.get('npds')
  return withMessage(view, served === undefined ? null : acknowledged(served, String(view.endpoint)))
}

/** The same where the proxy is known to have taken what was published. */
export function publishedPolicy(world: World, node: string, view: EndpointView): JudgedPolicy | null {
  if (view.revision === null) return null
  const served = world.nodes.get(node)?.xds.get('npds')
  return withMessage(view, served?.resources.get(String(view.endpoint)) ?? null)
}

/** A network policy that was published and not taken. */
export type UnderWay = {
  /** Position of the publication. */
  readonly since: string
  readonly version: string
  /** What the proxy goes by meanwhile; null: it took nothing yet. */
  readonly acked: string | null
  /** The proxy's last answer, where it was a refusal. */
  readonly refused: XdsRefusal | null
}

/** Null where the proxy has what was published for the endpoint. */
export function policyUnderWay(world: World, node: string, view: EndpointView): UnderWay | null {
  const served = world.nodes.get(node)?.xds.get('npds')
  const name = String(view.endpoint)
  const waiting = served?.unacked.get(name)
  if (served === undefined || waiting === undefined) return null
  const { version, acked, refused } = served
  return { since: waiting.since, version, acked, refused }
}

function withMessage(view: EndpointView, message: Json): JudgedPolicy {
  const { ingressEnforced, egressEnforced, policyMap: map } = view
  // What stands on the log was checked when it was published.
  const rules = message === null ? null : (message as unknown as NetworkPolicyMessage)
  return { ingressEnforced, egressEnforced, map, rules, l7: rules === null ? null : compileNetworkPolicy(rules) }
}

/** The policy of an endpoint as it was in force: what was written to its map and published to its proxy. */
import { compileNetworkPolicy } from '../l7/network-policy.ts'
import type { EndpointView, World } from '../world.ts'
import type { NetworkPolicyMessage } from '../xds/messages.ts'
import type { JudgedPolicy } from './judge.ts'

/** Null before the first success: nothing was written yet. */
export function recordedPolicy(world: World, node: string, view: EndpointView): JudgedPolicy | null {
  if (view.revision === null) return null
  const message = world.nodes.get(node)?.xds.get('npds')?.resources.get(String(view.endpoint))
  const { ingressEnforced, egressEnforced, policyMap: map } = view
  // What stands on the log was checked when it was published.
  const rules = message === undefined ? null : (message as unknown as NetworkPolicyMessage)
  return { ingressEnforced, egressEnforced, map, rules, l7: rules === null ? null : compileNetworkPolicy(rules) }
}

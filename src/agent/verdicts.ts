/** Packet verdicts as flows, stamped with the log position and the policy revision under which the datapath decided them. */
import type { IdentityId, Position, Timestamp } from '../../events/ids.ts'
import type { AgentState } from '../../projections/agent/state.ts'
import type { PolicyVerdict } from '../ports/datapath.ts'
import type { Flow, NewFlow } from '../ports/flows.ts'

const UNKNOWN = 0 as IdentityId
const VERDICT: { readonly [Action in PolicyVerdict['action']]: Flow['verdict'] } = {
  allow: 'FORWARDED',
  deny: 'DROPPED',
  redirect: 'REDIRECTED',
}

export function flowOf(verdict: PolicyVerdict, state: AgentState, position: Position, time: Timestamp): NewFlow {
  const { endpoint, direction, action, protocol, dropReason, matchType, proxyPort } = verdict
  const local = state.endpoints.get(endpoint)
  const own = local?.identity ?? UNKNOWN
  const [from, to] = direction === 'egress' ? [own, verdict.remoteIdentity] : [verdict.remoteIdentity, own]
  return {
    time,
    stamp: { position: String(position), revision: local?.realised?.revision ?? 0 },
    kind: 'policy-verdict',
    verdict: VERDICT[action],
    direction,
    endpoint,
    source: { address: verdict.source, port: verdict.sourcePort, identity: from },
    destination: { address: verdict.destination, port: verdict.destinationPort, identity: to },
    protocol,
    dropReason,
    matchType,
    proxyPort,
    http: null,
  }
}

/** What an engine answers to the questions of one state of a vector, and where that differs from what is recorded. */
import { EndpointId, Port } from '../../events/ids.ts'
import { policyMapOf } from '../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../projections/datapath/verdict.ts'
import { compileNetworkPolicy, requestVerdict } from '../../projections/l7/network-policy.ts'
import type { PolicyEngine, ResolvedPolicy } from '../../projections/policy/engine.ts'
import { networkPolicyMessage } from '../../projections/policy/network-policy.ts'
import type { VectorInput, VectorRequest, VectorState } from '../vectors/read.ts'
import { subjectOf } from './vector-engine.ts'

export type Tally = { asked: number; readonly failures: string[] }

export function tally(): Tally {
  return { asked: 0, failures: [] }
}

type Resolved = Extract<ResolvedPolicy, { readonly kind: 'resolved' }>

/** Any port will do: what matters is that every redirect has one. */
const PROXY_PORT = Port(14_000)

export function answerState(
  engine: PolicyEngine,
  { input, state, name }: { readonly input: VectorInput; readonly state: VectorState; readonly name: string },
  into: Tally,
): void {
  const policies = new Map(state.endpoints.map(({ id }) => [id, engine.resolve(subjectOf(input, id))]))
  const check = (what: string, got: unknown, wanted: unknown): void => {
    into.asked++
    if (got !== wanted) into.failures.push(`${name}: ${what}: ${got} instead of ${wanted}`)
  }
  for (const { id, error = false, ingressEnforced = false, egressEnforced = false } of state.endpoints) {
    const policy = policies.get(id)
    check(`${id} error ${policy?.kind === 'unresolvable' ? policy.reason : ''}`, policy?.kind === 'unresolvable', error)
    if (policy?.kind !== 'resolved' || error) continue
    check(`${id} ingress enforced`, policy.ingressEnforced, ingressEnforced)
    check(`${id} egress enforced`, policy.egressEnforced, egressEnforced)
  }
  for (const [id, policy] of policies) {
    if (policy.kind !== 'resolved') continue
    const map = policyMapOf(policy.entries, proxyPorts(policy))
    for (const [endpoint, direction, identity, protocol, port, answer] of state.probes ?? []) {
      if (endpoint !== id) continue
      const got = policyVerdict(map, { direction, identity, protocol, port }).verdict
      check(`${id} ${direction} ${identity} ${protocol}/${port}`, got, answer)
    }
    const requests = (state.http ?? []).filter(({ endpoint }) => endpoint === id)
    if (requests.length > 0) answerRequests(policy, requests, check)
  }
}

function answerRequests(
  policy: Resolved,
  requests: readonly VectorRequest[],
  check: (what: string, got: unknown, wanted: unknown) => void,
): void {
  const message = networkPolicyMessage(policy.networkPolicy, {
    endpoint: EndpointId(1),
    addresses: [],
    proxyPorts: proxyPorts(policy),
  })
  const compiled = compileNetworkPolicy(message)
  for (const request of requests) {
    const { endpoint, direction, identity, port, method, path, host, headers = {} } = request
    const { allowed } = requestVerdict(compiled, {
      direction,
      port,
      remote: identity,
      proxyPort: PROXY_PORT,
      request: { method, path, authority: host, headers: Object.entries(headers) },
    })
    const asked = `${endpoint} ${direction} ${identity} ${port} ${method} ${path} ${host} ${JSON.stringify(headers)}`
    check(asked, allowed ? 'allow' : 'deny', request.answer)
  }
}

function proxyPorts({ redirects }: Resolved): ReadonlyMap<string, Port> {
  return new Map(redirects.map(({ id }) => [id, PROXY_PORT]))
}

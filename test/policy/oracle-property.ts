/** One generated case: the engine's entries and message beside a plain walk over the rules, for every probe and request. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { EndpointId, IdentityId, Port } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapOf } from '../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../projections/datapath/verdict.ts'
import { compileNetworkPolicy, requestVerdict } from '../../projections/l7/network-policy.ts'
import type { ResolvedPolicy } from '../../projections/policy/engine.ts'
import { networkPolicyMessage } from '../../projections/policy/network-policy.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { type OracleProbe, type OracleWorld, oracleAnswer, oracleRequest } from '../oracle/policy.ts'
import type { VectorInput } from '../vectors/read.ts'
import {
  ALL_IDENTITIES,
  DNS,
  GROUPS,
  httpPolicies,
  options,
  POD_PORTS,
  PROBE_PORTS,
  policies,
  REQUESTS,
  SERVICES,
  SUBJECTS,
} from './generated.ts'
import { engineOf, optionsOf } from './vector-engine.ts'

export type OracleCase = {
  readonly given: Partial<VectorInput['options']>
  readonly objects: readonly Json[]
  readonly subject: number
}

export const anything: fc.Arbitrary<OracleCase> = fc.record({
  given: options,
  objects: fc.array(policies, { minLength: 1, maxLength: 6 }),
  subject: fc.constantFrom(...SUBJECTS),
})
export const manyRequests: fc.Arbitrary<OracleCase> = fc.record({
  given: fc.constant({}),
  objects: fc.array(httpPolicies, { minLength: 1, maxLength: 3 }),
  subject: fc.constantFrom(1000, 1010),
})

function worldOf({ objects, subject }: OracleCase, input: VectorInput): OracleWorld {
  const readings = objects.map(readPolicy)
  return {
    options: optionsOf(input),
    identities: ALL_IDENTITIES.map(({ id, labels = [], cidr }) => ({ id, labels, prefix: cidr ?? null })),
    rules: readings.flatMap((reading) => (reading.kind === 'accepted' ? reading.policy.rules : [])),
    subject: { identity: subject, namedPorts: POD_PORTS[0] },
    pods: POD_PORTS,
    services: SERVICES,
    dns: DNS,
    groups: GROUPS,
    secrets: {},
  }
}

export const oracleCases: fc.Arbitrary<OracleCase> = fc.oneof(anything, manyRequests)

export const REMOTES: readonly number[] = [...ALL_IDENTITIES.map(({ id }) => id), 999]
export type OracleCounts = { resolved: number; conflicts: number; probes: number; requests: number }

export type ResolvedCase = {
  readonly world: OracleWorld
  readonly resolved: Extract<ResolvedPolicy, { readonly kind: 'resolved' }>
}

/** Null where the policies contradict each other. */
export function resolveCase(one: OracleCase): ResolvedCase | null {
  const input = { options: one.given ?? {}, policies: one.objects, dns: DNS, services: SERVICES, podPorts: POD_PORTS }
  const engine = engineOf(input, ALL_IDENTITIES)
  for (const [name, prefixes] of Object.entries(GROUPS))
    engine.apply({ kind: 'cidr-group', name, labels: { [name]: '' }, prefixes })
  const namedPorts = POD_PORTS[0].map((port) => ({ ...port, port: Port(port.port) }))
  const resolved = engine.resolve({ identity: IdentityId(one.subject), namedPorts })
  if (resolved.kind === 'resolved') return { world: worldOf(one, input), resolved }
  assert.match(resolved.code, /-conflict$/)
  return null
}

/** Throws where the two disagree; counts what was asked. */
export function compareWithOracle(one: OracleCase, counts: OracleCounts): void {
  const found = resolveCase(one)
  if (found === null) {
    counts.conflicts++
    return
  }
  counts.resolved++
  const { world, resolved } = found
  const ports = new Map(resolved.redirects.map(({ id }) => [id, Port(14_000)]))
  const map = policyMapOf(resolved.entries, ports)
  const message = networkPolicyMessage(resolved.networkPolicy, {
    endpoint: EndpointId(1),
    addresses: [],
    proxyPorts: ports,
  })
  const compiled = compileNetworkPolicy(message)
  for (const direction of ['ingress', 'egress'] as const) {
    for (const identity of REMOTES) {
      for (const [protocol, port] of PROBE_PORTS) {
        const probe: OracleProbe = { direction, identity, protocol, port }
        counts.probes++
        assert.equal(policyVerdict(map, probe).verdict, oracleAnswer(world, probe), JSON.stringify(probe))
        if (protocol !== 6 || hostAtL7(world, probe)) continue
        for (const request of REQUESTS) {
          const wanted = oracleRequest(world, probe, request)
          if (wanted === null) break
          counts.requests++
          const got = requestVerdict(compiled, { direction, port, remote: identity, proxyPort: 14_000, request })
          assert.equal(got.allowed ? 'allow' : 'deny', wanted, JSON.stringify({ probe, request }))
        }
      }
    }
  }
}

/** What the host may ask for where it is always let in and a rule speaks of exactly the host has a rule of its own (R5). */
export function hostAtL7({ options, rules }: OracleWorld, { identity }: OracleProbe): boolean {
  if (identity !== 1 && identity !== 6) return false
  return options.allowLocalhost === 'always' && /"entity":"(host|cluster)"|"key":"host"/.test(JSON.stringify(rules))
}

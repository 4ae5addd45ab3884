/** A few identities, and short ways to a policy and to what follows from it. */

import assert from 'node:assert/strict'
import { IdentityId, Port } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import type { Json } from '../../events/schema.ts'
import { type PolicyMap, policyMapOf } from '../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../projections/datapath/verdict.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import type { DesiredEntry } from '../../projections/policy/desired.ts'
import { PolicyEngine, type ResolvedPolicy } from '../../projections/policy/engine.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import type { PolicyRule } from '../../projections/policy/rule.ts'
import { RESERVED } from './generated.ts'
import { knownIdentity } from './vector-engine.ts'

export const WEB = 1000
export const CLIENT = 1001
export const DB = 1002
export const WIDE = 16_777_217
export const NARROW = 16_777_218

const NAMESPACE = 'k8s:io.kubernetes.pod.namespace=default'
const PODS = [
  { id: WEB, labels: ['k8s:app=web', NAMESPACE] },
  { id: CLIENT, labels: ['k8s:app=client', NAMESPACE] },
  { id: DB, labels: ['k8s:app=db', NAMESPACE] },
  { id: WIDE, cidr: '10.0.0.0/8' },
  { id: NARROW, cidr: '10.1.2.3/32' },
]

type Spec = { readonly [key: string]: Json }
export type Resolved = Extract<ResolvedPolicy, { readonly kind: 'resolved' }>

/** The policies are for app=web and called p0, p1 … */
export function cluster(specs: readonly Spec[], options: Partial<PolicyOptions> = {}): PolicyEngine {
  const engine = new PolicyEngine({ ...DEFAULT_POLICY_OPTIONS, ...options })
  engine.apply({ kind: 'identities', added: [...RESERVED, ...PODS].map(knownIdentity), removed: [] })
  specs.forEach((spec, i) => {
    engine.apply({ kind: 'policy-set', key: `p${i}`, rules: rulesOf(spec) })
  })
  return engine
}

export function rulesOf(spec: Spec): readonly PolicyRule[] {
  const kind = spec['nodeSelector'] === undefined ? 'CiliumNetworkPolicy' : 'CiliumClusterwideNetworkPolicy'
  const subject = spec['nodeSelector'] === undefined ? { endpointSelector: { matchLabels: { app: 'web' } } } : {}
  const reading = readPolicy({ kind, metadata: { name: 'p' }, spec: { ...subject, ...spec } })
  assert.ok(reading.kind === 'accepted', JSON.stringify(reading))
  return reading.policy.rules
}

export function resolved(engine: PolicyEngine, identity: number = WEB): Resolved {
  const policy = engine.resolve({ identity: IdentityId(identity), namedPorts: NAMED_PORTS })
  assert.ok(policy.kind === 'resolved', JSON.stringify(policy))
  return policy
}

const NAMED_PORTS = [{ name: 'http', port: Port(80), protocol: 'TCP' }] as const

export function mapOf(policy: Resolved): PolicyMap {
  return policyMapOf(policy.entries, new Map(policy.redirects.map(({ id }) => [id, Port(14_000)])))
}

/** The answer for ingress over TCP. */
export function answer(policy: Resolved, identity: number, port: number): string {
  return policyVerdict(mapOf(policy), { direction: 'ingress', identity, protocol: 6, port }).verdict
}

/** `1001 6/80-16 allow`: the ingress entries without the host's, in order. */
export function ingressTexts({ entries }: Resolved): readonly string[] {
  return entries.filter(({ key, origins }) => key.direction === 'ingress' && !isHosts(origins)).map(entryText)
}

function isHosts(origins: readonly string[]): boolean {
  return origins.includes('reserved:allow-localhost-ingress')
}

function entryText({ key, verdict }: DesiredEntry): string {
  return `${key.identity} ${key.protocol}/${key.port}-${key.portBits} ${verdict}`
}

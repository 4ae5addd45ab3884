/** Short ways to a policy, and to what its reading says. */
import assert from 'node:assert/strict'
import type { Problem } from '../../events/fields.ts'
import type { Json } from '../../events/schema.ts'
import { type PolicyDocument, type PolicyReading, readPolicy } from '../../projections/policy/parse/policy.ts'
import type { PolicyElement, PolicyRule } from '../../projections/policy/rule.ts'

type Spec = { readonly [key: string]: Json }

/** A CiliumNetworkPolicy `p` in namespace `default`, which selects app=web. */
export function policy(spec: Spec): { readonly [key: string]: Json } {
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'p', namespace: 'default' },
    spec: { endpointSelector: { matchLabels: { app: 'web' } }, ...spec },
  }
}

export function clusterwide(spec: Spec): Json {
  const { apiVersion, spec: own } = policy(spec)
  return { apiVersion: apiVersion!, kind: 'CiliumClusterwideNetworkPolicy', metadata: { name: 'p' }, spec: own! }
}

export function accepted(object: Json, reading: PolicyReading = readPolicy(object)): PolicyDocument {
  assert.ok(reading.kind === 'accepted', JSON.stringify(reading))
  return reading.policy
}

export function ruleOf(object: Json): PolicyRule {
  const { rules } = accepted(object)
  assert.equal(rules.length, 1)
  return rules[0]!
}

/** The only element of `ingress`. */
export function ingress(element: Json): PolicyElement {
  const rule = ruleOf(policy({ ingress: [element] }))
  assert.equal(rule.ingress.length, 1)
  return rule.ingress[0]!
}

/** The only element of `egress`. */
export function egress(element: Json): PolicyElement {
  const rule = ruleOf(policy({ egress: [element] }))
  assert.equal(rule.egress.length, 1)
  return rule.egress[0]!
}

/** `code path`, as many as there are problems. */
export function refused(object: Json, reading: PolicyReading = readPolicy(object)): readonly string[] {
  assert.ok(reading.kind === 'refused', JSON.stringify(reading))
  return reading.problems.map(codeAndPath)
}

export function refusedIngress(element: Json): readonly string[] {
  return refused(policy({ ingress: [element] })).map((text) => text.replace('/spec/ingress/0', ''))
}

export function refusedEgress(element: Json): readonly string[] {
  return refused(policy({ egress: [element] })).map((text) => text.replace('/spec/egress/0', ''))
}

export function schemaProblems(object: Json): readonly string[] {
  return readPolicy(object).schemaProblems.map(codeAndPath)
}

function codeAndPath({ code, path }: Problem): string {
  return `${code} ${path}`
}

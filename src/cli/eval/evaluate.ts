/** The answers of a case: one engine, advanced step by step, asked after each. */
import { resourceKey } from '../../../events/fields.ts'
import { PolicyEngine } from '../../../projections/policy/engine.ts'
import { readBareRule, readPolicy } from '../../../projections/policy/parse/policy.ts'
import { forbiddenFeatures } from '../../../projections/policy/resolve/compiled-rule.ts'
import { type JudgedPolicy, judge, judgedPolicyOf } from '../../../projections/verdict/judge.ts'
import type { EvalCase, EvalQuestions, EvalRequest } from './case.ts'

export type EvalEndpointResult =
  | { readonly id: number; readonly error: true }
  | { readonly id: number; readonly error: false; readonly ingressEnforced: boolean; readonly egressEnforced: boolean }

export type EvalState = {
  readonly endpoints: readonly EvalEndpointResult[]
  /** In the order of the questions. */
  readonly probes: readonly ('allow' | 'deny' | 'redirect')[]
  readonly http: readonly ('allow' | 'deny')[]
}
export type EvalResult = { readonly name: string; readonly states: readonly EvalState[] }

export function evaluate(asked: EvalCase): EvalResult {
  const engine = new PolicyEngine(asked.options)
  const known = new Set(asked.identities.map(({ id }) => id))
  begin(engine, asked)
  const states = asked.states.map((questions, index) => {
    const step = asked.steps[index - 1]
    if (step !== undefined) {
      engine.apply({ kind: 'identities', added: step.added, removed: step.removed })
      for (const id of step.removed) known.delete(id)
      for (const { id } of step.added) known.add(id)
    }
    const present = asked.endpoints.filter(({ subject }) => known.has(subject.identity))
    const policies = new Map(present.map(({ id, subject }) => [id, judgedPolicyOf(engine.resolve(subject))]))
    return answers(policies, questions)
  })
  return { name: asked.name, states }
}

/** A refused policy is passed over, the rest holds. */
function begin(engine: PolicyEngine, asked: EvalCase): void {
  engine.apply({ kind: 'identities', added: asked.identities, removed: [] })
  for (const { id, subject } of asked.endpoints) {
    engine.apply({ kind: 'pod-ports', pod: `endpoint-${id}`, ports: subject.namedPorts })
  }
  for (const [index, ports] of asked.podPorts.entries()) engine.apply({ kind: 'pod-ports', pod: `pod-${index}`, ports })
  for (const service of asked.services) {
    engine.apply({ kind: 'service', key: `${service.namespace}/${service.name}`, service })
  }
  for (const [name, addresses] of asked.dns) engine.apply({ kind: 'dns', name, addresses })
  for (const [key, items] of asked.secrets) engine.apply({ kind: 'secret', key, items })
  const readings = [
    ...asked.policies.map((object) => readPolicy(object)),
    ...asked.rules.map((object, index) => readBareRule(object, `rule-${index}`)),
  ]
  for (const [index, reading] of readings.entries()) {
    if (reading.kind === 'refused') continue
    const { resource, rules } = reading.policy
    // As where the agent's options forbid what a policy asks for.
    if (rules.some((rule) => forbiddenFeatures(rule, asked.options).length > 0)) continue
    // A case may name one policy twice; both hold there.
    engine.apply({ kind: 'policy-set', key: `${resourceKey(resource)}/${index}`, rules })
  }
}

/** By endpoint id; null where the policy cannot be resolved. */
type Policies = ReadonlyMap<number, JudgedPolicy | null>

function answers(policies: Policies, { probes, http }: EvalQuestions): EvalState {
  return {
    endpoints: [...policies].map(([id, policy]) => {
      if (policy === null) return { id, error: true }
      const { ingressEnforced, egressEnforced } = policy
      return { id, error: false, ingressEnforced, egressEnforced }
    }),
    probes: probes.map((probe) => {
      const policy = policies.get(probe.endpoint)
      return policy == null ? 'deny' : judge(policy, { ...probe, request: null }).verdict
    }),
    http: http.map((request) => requestAnswer(policies.get(request.endpoint), request)),
  }
}

const TCP = 6

/** Of an endpoint that is not there, or that has no policy, nothing passes. */
function requestAnswer(policy: JudgedPolicy | null | undefined, asked: EvalRequest): 'allow' | 'deny' {
  if (policy == null) return 'deny'
  const { direction, port, identity, method, path, host, headers } = asked
  const request = { method, path, authority: host, headers }
  return judge(policy, { direction, identity, protocol: TCP, port, request }).allowed ? 'allow' : 'deny'
}

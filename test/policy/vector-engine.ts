/** A vector's input as an engine, and the changes of its steps. */

import type { NamedPort } from '../../events/fields.ts'
import { Cidr, IdentityId, LabelText, Port } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import {
  type KnownIdentity,
  type PolicyChange,
  PolicyEngine,
  type PolicySubject,
} from '../../projections/policy/engine.ts'
import { type PolicyReading, readBareRule, readPolicy } from '../../projections/policy/parse/policy.ts'
import { forbiddenFeatures } from '../../projections/policy/resolve/compiled-rule.ts'
import type { VectorIdentity, VectorInput, VectorPort } from '../vectors/read.ts'

export function optionsOf({ options = {} }: VectorInput): PolicyOptions {
  const { enableICMPRules, ...rest } = options
  return { ...DEFAULT_POLICY_OPTIONS, ...rest, enableIcmpRules: enableICMPRules ?? true }
}

/** Everything that is known before the first step; `identities` those of the moment. */
function changesOf(input: VectorInput, identities: readonly VectorIdentity[]): readonly PolicyChange[] {
  return [
    { kind: 'identities', added: identities.map(knownIdentity), removed: [] },
    ...namesOf(input),
    ...policiesOf(input),
  ]
}

export function engineOf(input: VectorInput, identities: readonly VectorIdentity[]): PolicyEngine {
  const engine = new PolicyEngine(optionsOf(input))
  for (const change of changesOf(input, identities)) engine.apply(change)
  return engine
}

export function stepChange(step: NonNullable<VectorInput['steps']>[number]): PolicyChange {
  return {
    kind: 'identities',
    added: (step.addIdentities ?? []).map(knownIdentity),
    removed: (step.removeIdentities ?? []).map(IdentityId),
  }
}

/** The identities after each step, the start first. */
export function identitiesByState({
  identities = [],
  steps = [],
}: VectorInput): readonly (readonly VectorIdentity[])[] {
  const states: (readonly VectorIdentity[])[] = [identities]
  for (const { addIdentities = [], removeIdentities = [] } of steps) {
    const kept = (states.at(-1) ?? []).filter(
      ({ id }) => !removeIdentities.includes(id) && !addIdentities.some((added) => added.id === id),
    )
    states.push([...kept, ...addIdentities])
  }
  return states
}

export function subjectOf(input: VectorInput, endpoint: number): PolicySubject {
  const found = (input.endpoints ?? []).find(({ id }) => id === endpoint)
  if (found === undefined) throw new Error(`no endpoint ${endpoint}`)
  return { identity: IdentityId(found.identity), namedPorts: (found.namedPorts ?? []).map(namedPort) }
}

export function knownIdentity({ id, labels = [], cidr }: VectorIdentity): KnownIdentity {
  return { id: IdentityId(id), labels: labels.map(LabelText), prefix: cidr === undefined ? null : Cidr(cidr) }
}

function namedPort({ name, port, protocol = 'TCP' }: VectorPort): NamedPort {
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') throw new Error(`protocol ${protocol}`)
  return { name, port: Port(port), protocol }
}

function namesOf(input: VectorInput): readonly PolicyChange[] {
  const { endpoints = [], podPorts = [], services = [], dns = {}, secrets = {} } = input
  const pods = [...endpoints.map(({ namedPorts = [] }) => namedPorts), ...podPorts]
  return [
    ...pods.map((ports, i): PolicyChange => ({ kind: 'pod-ports', pod: `pod-${i}`, ports: ports.map(namedPort) })),
    ...services.map(({ namespace, name, labels = {}, backends = [] }): PolicyChange => {
      return { kind: 'service', key: `${namespace}/${name}`, service: { namespace, name, labels, backends } }
    }),
    ...Object.entries(dns).map(([name, addresses]): PolicyChange => ({ kind: 'dns', name, addresses })),
    ...Object.entries(secrets).map(([key, items]): PolicyChange => ({ kind: 'secret', key, items })),
  ]
}

function policiesOf(input: VectorInput): readonly PolicyChange[] {
  const { policies = [], rules = [] } = input
  const readings = [...policies.map(readPolicy), ...rules.map((rule, i) => readBareRule(rule, `rule-${i}`))]
  return readings.flatMap((reading, i) => setPolicy(reading, i, optionsOf(input)))
}

/** A vector may name two policies alike; the index keeps both. */
function setPolicy(reading: PolicyReading, index: number, options: PolicyOptions): readonly PolicyChange[] {
  if (reading.kind === 'refused') return []
  const { resource, rules } = reading.policy
  if (rules.some((rule) => forbiddenFeatures(rule, options).length > 0)) return []
  return [{ kind: 'policy-set', key: `${resource.kind}/${resource.namespace ?? '-'}/${resource.name}~${index}`, rules }]
}

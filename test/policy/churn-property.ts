/** Generated changes: an engine that follows them beside new engines that know only where they ended. */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { NamedPort } from '../../events/fields.ts'
import { IdentityId, Port } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import { type PolicyChange, PolicyEngine, type ResolvedPolicy } from '../../projections/policy/engine.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { ALL_IDENTITIES, DNS, GROUPS, options, POD_PORTS, policies, SERVICES, SUBJECTS } from './generated.ts'
import { knownIdentity, optionsOf } from './vector-engine.ts'

const namedPorts = (
  ports: readonly { readonly name: string; readonly port: number; readonly protocol: NamedPort['protocol'] }[],
): readonly NamedPort[] => ports.map((port) => ({ ...port, port: Port(port.port) }))

/** The same thing under one name: the later says what holds. */
function nameOf(change: PolicyChange): string {
  switch (change.kind) {
    case 'policy-set':
    case 'policy-removed':
      return `policy ${change.key}`
    case 'pod-ports':
      return `pod ${change.pod}`
    case 'service':
    case 'secret':
      return `${change.kind} ${change.key}`
    case 'dns':
    case 'dns-answer':
      return `dns ${change.name}`
    case 'cidr-group':
      return `cidr-group ${change.name}`
    case 'identities':
      return 'identities'
  }
}

const policySet: fc.Arbitrary<PolicyChange> = fc.tuple(policies, fc.nat(5)).map(([object, n]): PolicyChange => {
  const reading = readPolicy(object)
  const key = `policy-${n}`
  return reading.kind === 'refused'
    ? { kind: 'policy-removed', key }
    : { kind: 'policy-set', key, rules: reading.policy.rules }
})

const SPECIAL = ALL_IDENTITIES.filter(({ id, cidr = '' }) => [1, 2, 6, 7].includes(id) || cidr.endsWith('/32'))

const ANSWERS: readonly string[] = [...new Set([...Object.values(DNS).flat(), '203.0.113.9', 'fd00:1::9'])]

const change: fc.Arbitrary<PolicyChange> = fc.oneof(
  { weight: 4, arbitrary: policySet },
  { weight: 1, arbitrary: fc.nat(5).map((n): PolicyChange => ({ kind: 'policy-removed', key: `policy-${n}` })) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.subarray([...ALL_IDENTITIES], { maxLength: 6 }), fc.subarray([...ALL_IDENTITIES], { maxLength: 3 }))
      .map(([added, removed]): PolicyChange => {
        return { kind: 'identities', added: added.map(knownIdentity), removed: removed.map(({ id }) => IdentityId(id)) }
      }),
  },
  {
    // Whom rules treat in a way of their own, one at a time.
    weight: 5,
    arbitrary: fc.tuple(fc.constantFrom(...SPECIAL), fc.boolean()).map(([identity, added]): PolicyChange => {
      const known = knownIdentity(identity)
      return { kind: 'identities', added: added ? [known] : [], removed: added ? [] : [known.id] }
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(2), fc.constantFrom(...POD_PORTS, [])).map(([n, ports]): PolicyChange => {
      return { kind: 'pod-ports', pod: `pod-${n}`, ports: namedPorts(ports) }
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...Object.keys(DNS)), fc.constantFrom(null, ['203.0.113.9'], ['10.1.2.3', 'fd00:1::9']))
      .map(([name, addresses]): PolicyChange => ({ kind: 'dns', name, addresses })),
  },
  {
    // One by one, with addresses that other names and prefixes have too.
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...Object.keys(DNS)), fc.subarray([...ANSWERS]), fc.subarray([...ANSWERS]))
      .map(([name, added, removed]): PolicyChange => ({ kind: 'dns-answer', name, added, removed })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...SERVICES, null).map((service): PolicyChange => {
      return { kind: 'service', key: service === null ? 'default/db' : `${service.namespace}/db`, service }
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...Object.keys(GROUPS)),
        fc.constantFrom(null, ['10.1.0.0/16'], ['0.0.0.0/0', 'fd00::/16']),
      )
      .map(([name, prefixes]): PolicyChange => ({ kind: 'cidr-group', name, labels: { [name]: '' }, prefixes })),
  },
)

/** What an engine that knows only the end must be told: policies in the order of their last setting, identities as they are now. */
class Ending {
  readonly #last: Map<string, PolicyChange> = new Map()
  readonly #identities: Map<number, ReturnType<typeof knownIdentity>> = new Map()

  take(one: PolicyChange): void {
    if (one.kind === 'identities') {
      for (const id of one.removed) this.#identities.delete(id)
      for (const identity of one.added) this.#identities.set(identity.id, identity)
      return
    }
    const whole = one.kind === 'dns-answer' ? this.#answered(one) : one
    this.#last.delete(nameOf(one))
    this.#last.set(nameOf(one), whole)
  }

  /** All addresses of the name. */
  #answered({ name, added, removed }: Extract<PolicyChange, { readonly kind: 'dns-answer' }>): PolicyChange {
    const before = this.#last.get(`dns ${name}`)
    const kept = (before?.kind === 'dns' ? (before.addresses ?? []) : []).filter((one) => !removed.includes(one))
    return { kind: 'dns', name, addresses: [...new Set([...kept, ...added])] }
  }

  engine(given: PolicyOptions): PolicyEngine {
    const engine = new PolicyEngine(given)
    engine.apply({ kind: 'identities', added: [...this.#identities.values()], removed: [] })
    for (const one of this.#last.values()) engine.apply(one)
    return engine
  }
}

/** Everything that leaves the engine. */
export function bytesOf(policy: ResolvedPolicy): string {
  if (policy.kind === 'unresolvable') return JSON.stringify(policy)
  return JSON.stringify({ ...policy, listeners: [...policy.networkPolicy.listeners] })
}

const SUBJECT_PORTS = namedPorts(POD_PORTS[0])

function resolveAll(engine: PolicyEngine): ReadonlyMap<number, string> {
  return new Map(
    SUBJECTS.map((id) => [id, bytesOf(engine.resolve({ identity: IdentityId(id), namedPorts: SUBJECT_PORTS }))]),
  )
}

export type Churn = {
  readonly given: NonNullable<Parameters<typeof optionsOf>[0]['options']>
  readonly policies: readonly PolicyChange[]
  readonly changes: readonly PolicyChange[]
}

export const churns: fc.Arbitrary<Churn> = fc.record({
  given: options,
  policies: fc.array(policySet, { minLength: 3, maxLength: 5 }),
  changes: fc.array(change, { minLength: 10, maxLength: 40 }),
})

/** Throws where a followed result is not that of a new engine, or where a result changed and `apply` did not name its identity. */
export function followChurn({ given, policies: set, changes }: Churn): void {
  const asked = optionsOf({ options: given })
  const engine = new PolicyEngine(asked)
  const ending = new Ending()
  const start: PolicyChange = { kind: 'identities', added: ALL_IDENTITIES.map(knownIdentity), removed: [] }
  let before: ReadonlyMap<number, string> = new Map()
  for (const one of [start, ...set, ...changes]) {
    const named = engine.apply(one)
    ending.take(one)
    const now = resolveAll(engine)
    const anew = ending.engine(asked)
    assert.deepEqual(now, resolveAll(anew))
    assert.deepEqual([...engine.requiredPrefixes()], [...anew.requiredPrefixes()])
    for (const [id, bytes] of before) {
      if (now.get(id) !== bytes) assert.ok(named.has(IdentityId(id)), `${id} was not named`)
    }
    before = new Map([...now].filter(([, bytes]) => !bytes.includes('identity-unknown')))
  }
}

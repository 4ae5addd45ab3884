/** Expectations against policies: the engine that enforces answers, for pods that need not exist. */

import { resourceKey } from '../../../events/fields.ts'
import { type Cidr, IdentityId, LabelText } from '../../../events/ids.ts'
import { NO_SHARED_FACTS } from '../../../projections/facts/shared.ts'
import { identityLabels } from '../../../projections/identity/label-filter.ts'
import { prefixLabels } from '../../../projections/identity/prefix-labels.ts'
import {
  CLUSTER_IDENTITY_MIN,
  fixedIdentityOf,
  keyOf,
  LOCAL_IDENTITY_MIN,
  RESERVED_IDENTITIES,
} from '../../../projections/identity/reserved.ts'
import { factChangesOf } from '../../../projections/policy/changes.ts'
import { type KnownIdentity, PolicyEngine } from '../../../projections/policy/engine.ts'
import type { Fact } from '../../../projections/policy/parse/fact.ts'
import type { PolicyDocument } from '../../../projections/policy/parse/policy.ts'
import { type Judgement, judge, judgedPolicyOf } from '../../../projections/verdict/judge.ts'
import { factEvents } from '../../decide/facts.ts'
import type { Expectation, ExpectationFile } from './expectations.ts'
import type { Who } from './parties.ts'

export type Checked = {
  readonly expectation: Expectation
  readonly found: 'allow' | 'deny'
  readonly met: boolean
  /** What decided, in a few words. */
  readonly because: string
}

/** `facts`: groups and services that the policies name. */
export function check(
  { policies, facts }: { readonly policies: readonly PolicyDocument[]; readonly facts: readonly Fact[] },
  { setting, expectations }: Pick<ExpectationFile, 'setting' | 'expectations'>,
): readonly Checked[] {
  const { dns, hostLabels } = setting.parties
  const cast = new Cast(
    expectations.flatMap(({ from, to }) => [from, to]),
    hostLabels,
  )
  const engine = new PolicyEngine(setting.options)
  engine.apply({ kind: 'identities', added: cast.identities, removed: [] })
  for (const [index, { kind, namedPorts }] of cast.pods.entries()) {
    engine.apply({ kind: 'pod-ports', pod: `${kind}-${index}`, ports: namedPorts })
  }
  for (const [name, addresses] of dns) engine.apply({ kind: 'dns', name, addresses })
  for (const change of factEvents(facts, NO_SHARED_FACTS).flatMap(factChangesOf)) engine.apply(change)
  for (const { resource, rules } of policies) engine.apply({ kind: 'policy-set', key: resourceKey(resource), rules })
  return expectations.map((expectation) => {
    const sides = [
      sideOf(engine, cast, { expectation, direction: 'egress' }),
      sideOf(engine, cast, { expectation, direction: 'ingress' }),
    ]
    const denied = sides.find((side) => side !== null && !side.allowed) ?? null
    const found = denied === null ? 'allow' : 'deny'
    const because = denied?.because ?? sides.flatMap((side) => (side === null ? [] : [side.because])).join('; ')
    return { expectation, found, met: found === expectation.expect, because: because || 'nothing is enforced' }
  })
}

const HOST = IdentityId(1)

/** The parties of a file with numbers: one for each label set and each prefix. */
class Cast {
  readonly #pods: Map<string, IdentityId> = new Map()
  readonly #prefixes: Map<Cidr, IdentityId> = new Map()
  readonly identities: readonly KnownIdentity[]
  readonly pods: readonly Extract<Who, { readonly kind: 'pod' }>[]

  constructor(parties: readonly Who[], hostLabels: readonly LabelText[]) {
    this.pods = parties.filter((party) => party.kind === 'pod')
    const known = new Map<IdentityId, KnownIdentity>()
    for (const [id, labels] of RESERVED_IDENTITIES) known.set(id, { id, labels, prefix: null })
    known.set(HOST, { id: HOST, labels: [LabelText('reserved:host'), ...hostLabels], prefix: null })
    for (const { labels } of this.pods) {
      const own = identityLabels(labels)
      const id = this.#numberOf(own)
      known.set(id, { id, labels: own, prefix: null })
    }
    for (const { prefix } of parties.filter((party) => party.kind === 'prefix')) {
      const id = this.#prefixes.get(prefix) ?? IdentityId(LOCAL_IDENTITY_MIN + this.#prefixes.size)
      this.#prefixes.set(prefix, id)
      known.set(id, { id, labels: prefixLabels(prefix), prefix })
    }
    this.identities = [...known.values()]
  }

  identityOf(who: Who): IdentityId {
    switch (who.kind) {
      case 'pod':
        return this.#numberOf(identityLabels(who.labels))
      case 'reserved':
        return who.identity
      case 'prefix':
        // Every prefix of the file got a number when the cast was made.
        return this.#prefixes.get(who.prefix)!
    }
  }

  #numberOf(labels: readonly LabelText[]): IdentityId {
    const key = keyOf(labels)
    const id = this.#pods.get(key) ?? fixedIdentityOf(labels) ?? IdentityId(CLUSTER_IDENTITY_MIN + this.#pods.size)
    this.#pods.set(key, id)
    return id
  }
}

type Side = { readonly allowed: boolean; readonly because: string }
type Asked = { readonly expectation: Expectation; readonly direction: 'ingress' | 'egress' }

/** Null for who is neither a pod nor the node itself: nothing is enforced there. */
function sideOf(engine: PolicyEngine, cast: Cast, { expectation, direction }: Asked): Side | null {
  const { from, to, protocol, port, request } = expectation
  const [subject, peer] = direction === 'egress' ? [from, to] : [to, from]
  const identity = cast.identityOf(subject)
  if (subject.kind !== 'pod' && identity !== HOST) return null
  const resolved = engine.resolve({ identity, namedPorts: subject.kind === 'pod' ? subject.namedPorts : [] })
  const policy = judgedPolicyOf(resolved)
  if (policy === null) {
    const reason = resolved.kind === 'unresolvable' ? `${resolved.code}: ${resolved.reason}` : ''
    return { allowed: false, because: `${direction}: the policies cannot be resolved, ${reason}` }
  }
  const judgement = judge(policy, { direction, identity: cast.identityOf(peer), protocol, port, request })
  return { allowed: judgement.allowed, because: `${direction}: ${becauseOf(judgement)}` }
}

function becauseOf({ enforced, entry, verdict, http }: Judgement): string {
  if (!enforced) return 'not enforced'
  if (entry === null) return 'default deny'
  if (http !== null) {
    return http.allowed ? `request allowed by ${inWords(http.rule ?? 'every rule')}` : 'no http rule takes the request'
  }
  const origins = entry.value.origins.map(inWords).join(', ')
  if (verdict === 'redirect') return `sent by ${origins} to the proxy, which decides`
  return verdict === 'deny' ? `denied by ${origins}` : `allowed by ${origins}`
}

/** What no rule asks for has a name of its own. */
function inWords(origin: string): string {
  if (origin.startsWith('reserved:allow-any-')) return 'default'
  return origin === 'reserved:allow-localhost-ingress' ? 'the option allowLocalhost' : origin
}

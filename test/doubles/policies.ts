/**
 * A policy engine of a few lines for tests of the agent: policies select one label and let named peers in on TCP ports, with or without HTTP rules.
 *
 * The whole policy is resolved anew for every identity at every event, so what it calls affected is exact.
 */

import { canonicalText } from '../../events/canonical.ts'
import { type ResourceRef, resourceKey } from '../../events/fields.ts'
import { Cidr, IdentityId, type NodeName } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { comparePolicyMapKeys } from '../../projections/datapath/policy-map.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import type { DesiredEntry } from '../../projections/policy/desired.ts'
import type { PolicySubject, ResolvedPolicy } from '../../projections/policy/engine.ts'
import type { PortNetworkPolicy } from '../../projections/xds/messages.ts'
import type { PolicyView } from '../../src/agent/policy-view.ts'

export type TestAllow = {
  /** A label, or a prefix. */
  readonly from: string
  readonly port: number
  readonly http: boolean
  /** The proxy refuses what comes of it. */
  readonly refused: boolean
}

export type TestPolicy = {
  readonly selects: string
  readonly allows: readonly TestAllow[]
  /** It cannot be resolved. */
  readonly broken: boolean
}

export const testResource = (name: string): ResourceRef => ({ kind: 'Rule', namespace: null, name })
export const manifestOf = (policy: TestPolicy): Json => JSON.parse(JSON.stringify(policy)) as Json

const PREFIX = /^[0-9.]+\/[0-9]+$/
const WILDCARD = IdentityId(0)
const TCP = 6
const ALLOW_PRECEDENCE = 1

export class TestPolicies implements PolicyView {
  readonly options: PolicyOptions = DEFAULT_POLICY_OPTIONS
  readonly #node: NodeName
  readonly #policies: Map<string, TestPolicy> = new Map()
  readonly #identities: Map<IdentityId, readonly string[]> = new Map()
  #resolved: ReadonlyMap<IdentityId, string> = new Map()

  constructor(node: NodeName) {
    this.#node = node
  }

  advance({ event, stream }: Recorded): ReadonlySet<IdentityId> {
    const elsewhere = stream.startsWith('node-') && stream !== `node-${this.#node}`
    switch (event.type) {
      case 'PolicyAdded':
        this.#policies.set(resourceKey(event.resource), event.manifest as unknown as TestPolicy)
        return this.#changed()
      case 'PolicyDeleted':
        this.#policies.delete(resourceKey(event.resource))
        return this.#changed()
      case 'IdentityAllocated':
        if (elsewhere) return new Set()
        this.#identities.set(event.identity, event.prefix === null ? event.labels : [event.prefix])
        return this.#changed()
      case 'IdentityReleased':
        if (elsewhere) return new Set()
        this.#identities.delete(event.identity)
        return this.#changed()
      default:
        return new Set()
    }
  }

  requiredPrefixes(): ReadonlySet<Cidr> {
    const peers = [...this.#policies.values()].flatMap(({ allows }) => allows.map(({ from }) => from))
    return new Set(peers.filter((from) => PREFIX.test(from)).map((from) => Cidr(from)))
  }

  resolve({ identity }: PolicySubject): ResolvedPolicy {
    const labels = this.#identities.get(identity) ?? []
    const policies = [...this.#policies].filter(([, { selects }]) => labels.includes(selects)).toSorted()
    const broken = policies.find(([, policy]) => policy.broken)
    if (broken !== undefined) return { kind: 'unresolvable', code: 'broken', reason: broken[0], origins: [broken[0]] }
    const allows = policies.flatMap(([key, policy]) => policy.allows.map((allow) => ({ ...allow, key })))
    const enforced = policies.length > 0
    const entries = enforced ? this.#entries(allows) : [anything('ingress')]
    const redirected = [...new Set(entries.flatMap(({ redirect, key }) => (redirect === null ? [] : [key.port])))]
    return {
      kind: 'resolved',
      ingressEnforced: enforced,
      egressEnforced: false,
      entries: [...entries, anything('egress')],
      redirects: redirected.map((port) => ({
        id: redirectId(port),
        direction: 'ingress',
        protocol: 'TCP',
        port,
        parser: 'http',
      })),
      networkPolicy: { ingress: this.#network(allows), egress: [], listeners: new Map() },
      pressure: null,
    }
  }

  #selected(from: string): readonly IdentityId[] {
    return [...this.#identities].filter(([, labels]) => labels.includes(from)).map(([id]) => id)
  }

  #entries(allows: readonly (TestAllow & { readonly key: string })[]): readonly DesiredEntry[] {
    const entries = new Map<string, DesiredEntry>()
    for (const { from, port, http, key } of allows) {
      for (const identity of this.#selected(from)) {
        const id = `${identity}/${port}`
        const before = entries.get(id)
        const redirect = http || (before !== undefined && before.redirect !== null) ? redirectId(port) : null
        entries.set(id, {
          key: { direction: 'ingress', identity, protocol: TCP, port, portBits: 16 },
          verdict: redirect === null ? 'allow' : 'redirect',
          precedence: ALLOW_PRECEDENCE,
          authType: 0,
          redirect,
          origins: [...new Set([...(before?.origins ?? []), `${key}#/`])].toSorted(),
        })
      }
    }
    return [...entries.values()].toSorted((a, b) => comparePolicyMapKeys(a.key, b.key))
  }

  #network(allows: readonly TestAllow[]): readonly PortNetworkPolicy[] {
    return allows.map(({ from, port, refused }) => ({
      port,
      endPort: 0,
      protocol: 'TCP',
      rules: [
        {
          precedence: 0,
          remotePolicies: this.#selected(from).toSorted((a, b) => a - b),
          name: refused ? 'refused' : '',
          l7Proto: '',
          proxyId: 0,
          downstreamTlsContext: null,
          upstreamTlsContext: null,
          serverNames: [],
        },
      ],
    }))
  }

  #changed(): ReadonlySet<IdentityId> {
    const before = this.#resolved
    const subjects = [...this.#identities.keys()]
    this.#resolved = new Map(
      subjects.map((identity) => [identity, canonicalText(this.resolve({ identity, namedPorts: [] }))]),
    )
    return new Set(subjects.filter((identity) => before.get(identity) !== this.#resolved.get(identity)))
  }
}

const redirectId = (port: number): string => `ingress:TCP:${port}:`

function anything(direction: 'ingress' | 'egress'): DesiredEntry {
  const key = { direction, identity: WILDCARD, protocol: 0, port: 0, portBits: 0 } as const
  const origins = [`reserved:allow-any-${direction}`]
  return { key, verdict: 'allow', precedence: ALLOW_PRECEDENCE, authType: 0, redirect: null, origins }
}

/** What an event of the log changes for the policy engine: the one place that says so. */
import type { HindcastEvent } from '../../events/catalogue.ts'
import { type ResourceRef, resourceKey } from '../../events/fields.ts'
import type { NodeName } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { externalService, serviceKey } from '../facts/shared.ts'
import { RESERVED_IDENTITIES } from '../identity/reserved.ts'
import type { PolicyChange } from './engine.ts'
import { readPolicy } from './parse/policy.ts'
import type { PolicyRule } from './rule.ts'

/** Cilium's reserved identities are known without an event: `world` or `host` in a rule means them. Every engine begins with this. */
export const RESERVED_CHANGE: PolicyChange = {
  kind: 'identities',
  added: [...RESERVED_IDENTITIES].map(([id, labels]) => ({ id, labels, prefix: null })),
  removed: [],
}

/**
 * In order. Local identities and DNS answers belong to their node: with `node` those of others are left out, because they mean something else there.
 * Throws `TypeError` where a manifest on the log is not a policy: going on without it would open what it denies.
 */
export function policyChangesOf(
  { event, stream }: Pick<Recorded, 'event' | 'stream'>,
  node: NodeName | null = null,
): readonly PolicyChange[] {
  switch (event.type) {
    case 'PolicyAdded':
      return [{ kind: 'policy-set', key: resourceKey(event.resource), rules: rulesOf(event.resource, event.manifest) }]
    case 'PolicyDeleted':
      return [{ kind: 'policy-removed', key: resourceKey(event.resource) }]
    case 'IdentityAllocated': {
      if (isElsewhere(stream, node)) return []
      const { identity, labels, prefix } = event
      return [{ kind: 'identities', added: [{ id: identity, labels, prefix }], removed: [] }]
    }
    case 'IdentityReleased':
      return isElsewhere(stream, node) ? [] : [{ kind: 'identities', added: [], removed: [event.identity] }]
    case 'EndpointCreated':
      return [{ kind: 'pod-ports', pod: `${stream}/${event.endpoint}`, ports: event.namedPorts }]
    case 'EndpointDeleted':
      return [{ kind: 'pod-ports', pod: `${stream}/${event.endpoint}`, ports: [] }]
    case 'DnsAnswerLearned': {
      const { name, addresses } = event
      return isElsewhere(stream, node) ? [] : [{ kind: 'dns-answer', name, added: addresses, removed: [] }]
    }
    case 'DnsAnswerExpired': {
      const { name, addresses } = event
      return isElsewhere(stream, node) ? [] : [{ kind: 'dns-answer', name, added: [], removed: addresses }]
    }
    default:
      return factChangesOf(event)
  }
}

/** Of groups and services, which are the same for every node. */
export function factChangesOf(event: HindcastEvent): readonly PolicyChange[] {
  switch (event.type) {
    case 'CidrGroupSet': {
      const { name, labels, prefixes } = event
      return [{ kind: 'cidr-group', name, labels, prefixes }]
    }
    case 'CidrGroupDeleted':
      return [{ kind: 'cidr-group', name: event.name, labels: {}, prefixes: null }]
    case 'ServiceSet':
      return [{ kind: 'service', key: serviceKey(event), service: externalService(event) }]
    case 'ServiceDeleted':
      return [{ kind: 'service', key: serviceKey(event), service: null }]
    default:
      return []
  }
}

export function isElsewhere(stream: string, node: NodeName | null): boolean {
  return node !== null && stream.startsWith('node-') && stream !== `node-${node}`
}

/** Manifests are values that readers share: the same one is read once. */
const KNOWN: WeakMap<object, readonly PolicyRule[]> = new WeakMap()

function rulesOf(resource: ResourceRef, manifest: Json): readonly PolicyRule[] {
  const known = typeof manifest === 'object' && manifest !== null ? KNOWN.get(manifest) : undefined
  if (known !== undefined) return known
  const reading = readPolicy(manifest)
  if (reading.kind === 'refused') {
    const problems = reading.problems.map(({ code, path, reason }) => `${code} at ${path}: ${reason}`).join('; ')
    throw new TypeError(`the log holds ${resourceKey(resource)}, which is not a policy: ${problems}`)
  }
  if (typeof manifest === 'object' && manifest !== null) KNOWN.set(manifest, reading.policy.rules)
  return reading.policy.rules
}

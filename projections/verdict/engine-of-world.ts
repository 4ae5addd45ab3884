/** The policy engine that a node would have at a moment: made from what the world holds then, not from the way there. */
import { type IdentityId, NodeName, nodeStream } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { externalService } from '../facts/shared.ts'
import { RESERVED_IDENTITIES } from '../identity/reserved.ts'
import { type KnownIdentity, type PolicyChange, PolicyEngine } from '../policy/engine.ts'
import { readPolicy } from '../policy/parse/policy.ts'
import type { PolicyRule } from '../policy/rule.ts'
import { EMPTY_NODE, type EndpointView, type NodeView, type World } from '../world.ts'

/**
 * It goes on with `policyChangesOf`. `node` names whose local identities, DNS answers and options count; null where there is no node.
 */
export function engineOfWorld(world: World, node: string | null): PolicyEngine {
  const engine = new PolicyEngine(nodeOf(world, node).options)
  for (const change of changesOfWorld(world, node)) engine.apply(change)
  return engine
}

/** In an order in which an engine that knows nothing comes to know all of it. */
export function changesOfWorld(world: World, node: string | null): readonly PolicyChange[] {
  const inOrder = [...world.policies.entries()].toSorted(([, a], [, b]) => a.revision - b.revision)
  return [
    { kind: 'identities', added: knownIdentities(world, node), removed: [] },
    ...[...world.nodes].flatMap(([name, { endpoints }]) => podPorts(name, endpoints.values())),
    ...factChanges(world, node),
    ...inOrder.map(([key, { manifest }]) => ({ kind: 'policy-set', key, rules: rulesOf(key, manifest) }) as const),
  ]
}

function podPorts(node: string, endpoints: Iterable<EndpointView>): readonly PolicyChange[] {
  return [...endpoints]
    .filter(({ namedPorts }) => namedPorts.length > 0)
    .map(({ endpoint, namedPorts }) => ({
      kind: 'pod-ports',
      pod: `${nodeStream(NodeName(node))}/${endpoint}`,
      ports: namedPorts,
    }))
}

function factChanges(world: World, node: string | null): readonly PolicyChange[] {
  return [
    ...[...world.cidrGroups.values()].map(
      ({ name, labels, prefixes }) => ({ kind: 'cidr-group', name, labels, prefixes }) as const,
    ),
    ...[...world.services].map(
      ([key, service]) => ({ kind: 'service', key, service: externalService(service) }) as const,
    ),
    ...[...nodeOf(world, node).dns.values()].map(
      ({ name, addresses }) => ({ kind: 'dns', name, addresses: addresses.map(({ address }) => address) }) as const,
    ),
  ]
}

function nodeOf(world: World, node: string | null): NodeView {
  return (node === null ? undefined : world.nodes.get(node)) ?? EMPTY_NODE
}

/** Throws `TypeError` where a manifest on the log is not a policy: leaving it out would open what it denies. */
function rulesOf(key: string, manifest: Json): readonly PolicyRule[] {
  const reading = readPolicy(manifest)
  if (reading.kind === 'refused') throw new TypeError(`the log holds ${key}, which is not a policy`)
  return reading.policy.rules
}

function knownIdentities(world: World, node: string | null): readonly KnownIdentity[] {
  const known = new Map<IdentityId, KnownIdentity>()
  for (const [id, labels] of RESERVED_IDENTITIES) known.set(id, { id, labels, prefix: null })
  const { localIdentities } = nodeOf(world, node)
  for (const { identity, labels, prefix } of [...world.identities.values(), ...localIdentities.values()]) {
    known.set(identity, { id: identity, labels, prefix })
  }
  return [...known.values()]
}

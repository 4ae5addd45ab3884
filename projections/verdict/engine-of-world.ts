/** The policy engine that a node would have at a moment: made from what the world holds then, not from the way there. */
import { type IdentityId, NodeName, nodeStream } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { externalService } from '../facts/shared.ts'
import { RESERVED_IDENTITIES } from '../identity/reserved.ts'
import { type KnownIdentity, PolicyEngine } from '../policy/engine.ts'
import { readPolicy } from '../policy/parse/policy.ts'
import type { PolicyRule } from '../policy/rule.ts'
import { EMPTY_NODE, type NodeView, type World } from '../world.ts'

/**
 * It goes on with `policyChangesOf`. `node` names whose local identities, DNS answers and options count; null where there is no node.
 */
export function engineOfWorld(world: World, node: string | null): PolicyEngine {
  const engine = new PolicyEngine(nodeOf(world, node).options)
  engine.apply({ kind: 'identities', added: knownIdentities(world, node), removed: [] })
  for (const [name, { endpoints }] of world.nodes) {
    for (const { endpoint, namedPorts } of endpoints.values()) {
      if (namedPorts.length > 0)
        engine.apply({ kind: 'pod-ports', pod: `${nodeStream(NodeName(name))}/${endpoint}`, ports: namedPorts })
    }
  }
  applyFacts(engine, world, node)
  const inOrder = [...world.policies.entries()].toSorted(([, a], [, b]) => a.revision - b.revision)
  for (const [key, { manifest }] of inOrder) {
    engine.apply({ kind: 'policy-set', key, rules: rulesOf(key, manifest) })
  }
  return engine
}

function applyFacts(engine: PolicyEngine, world: World, node: string | null): void {
  for (const { name, labels, prefixes } of world.cidrGroups.values()) {
    engine.apply({ kind: 'cidr-group', name, labels, prefixes })
  }
  for (const [key, service] of world.services) {
    engine.apply({ kind: 'service', key, service: externalService(service) })
  }
  for (const { name, addresses } of nodeOf(world, node).dns.values()) {
    engine.apply({ kind: 'dns', name, addresses: addresses.map(({ address }) => address) })
  }
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

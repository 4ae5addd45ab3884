/** The facts behind the entry that decided, with the events that brought them. */

import { type IdentityId, Position, type Timestamp } from '../../events/ids.ts'
import { parsePrefix } from '../../projections/ip/prefix.ts'
import { factsBehind, type NamedPeer, namedPeers } from '../../projections/policy/facts-behind.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import type { Peer, PolicyElement, PolicyRule } from '../../projections/policy/rule.ts'
import { EMPTY_NODE, type World } from '../../projections/world.ts'
import { positionText } from './branch/place.ts'
import { isoTime } from './position.ts'

/** A group, service or DNS answer by which a rule takes the other side. */
export type FactRef = {
  readonly kind: 'service' | 'dns' | 'cidr-group'
  readonly name: string
  readonly position: string
  readonly time: string
  readonly actor: string
  readonly source: string
}

/** `origins` are those of the entry, `identity` the one that it names. None where the entry is for nobody in particular. */
export function factRefs(
  world: World,
  {
    node,
    identity,
    origins,
  }: { readonly node: string; readonly identity: number; readonly origins: readonly string[] },
): readonly FactRef[] {
  const { localIdentities, dns } = world.nodes.get(node) ?? EMPTY_NODE
  const prefix = parsePrefix(localIdentities.get(identity as IdentityId)?.prefix ?? '')
  if (prefix === null) return []
  const peers = origins.flatMap((origin) => peersOf(world, origin))
  const { cidrGroups, services } = world
  return factsBehind(peers, prefix, { cidrGroups, services, dns }).map(({ kind, name, since }) => {
    const { position, recordedAt, actor, source } = since
    return {
      kind,
      name,
      position: positionText(Position(BigInt(position))),
      time: isoTime(recordedAt as Timestamp),
      actor,
      source,
    }
  })
}

/** Of the element that an origin names, the peers that are said by name, and what they stand for. */
export function namedPeersOf(world: World, node: string, origin: string): readonly NamedPeer[] {
  const { dns } = world.nodes.get(node) ?? EMPTY_NODE
  const { cidrGroups, services } = world
  return namedPeers(peersOf(world, origin), { cidrGroups, services, dns })
}

/** Of the element that an origin names; none where its policy is gone. */
function peersOf(world: World, origin: string): readonly Peer[] {
  const hash = origin.indexOf('#')
  const policy = hash < 0 ? undefined : world.policies.get(origin.slice(0, hash))
  const reading = policy === undefined ? null : readPolicy(policy.manifest)
  if (reading?.kind !== 'accepted') return []
  const pointer = origin.slice(hash + 1)
  const element = reading.policy.rules.flatMap(elementsOf).find((one) => one.pointer === pointer)
  return element?.peers ?? []
}

function elementsOf({ ingress, ingressDeny, egress, egressDeny }: PolicyRule): readonly PolicyElement[] {
  return [...ingress, ...ingressDeny, ...egress, ...egressDeny]
}

/**
 * The events that a policy engine still rests on: applied in the order of their positions to a new engine they make the one that has seen every
 * event. What was replaced or taken away since is not among them, and of a DNS name there is one answer with the addresses that it has now.
 */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import { resourceKey } from '../../events/fields.ts'
import type { IpAddress, NodeName } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { serviceKey } from '../facts/shared.ts'
import { type Projection, projection } from '../projection.ts'
import { isElsewhere } from './changes.ts'

/** By what they say something about. */
export type PolicyInputs = PersistentMap<string, Recorded>

const READS = [
  'PolicyAdded',
  'PolicyDeleted',
  'IdentityAllocated',
  'IdentityReleased',
  'EndpointCreated',
  'EndpointDeleted',
  'DnsAnswerLearned',
  'DnsAnswerExpired',
  'CidrGroupSet',
  'CidrGroupDeleted',
  'ServiceSet',
  'ServiceDeleted',
] as const
type Read = (typeof READS)[number]

/** Of the engine of one node: local identities and DNS answers of others are left out. */
export function policyInputs(node: NodeName): Projection<PolicyInputs, Read> {
  return projection<PolicyInputs, Read>({
    name: `policy-inputs-${node}`,
    version: 1,
    reads: READS,
    initial: PersistentMap(),
    evolve: (inputs, recorded) => {
      const { event, stream } = recorded
      switch (event.type) {
        case 'PolicyAdded':
          return inputs.set(`policy ${resourceKey(event.resource)}`, recorded)
        case 'PolicyDeleted':
          return inputs.delete(`policy ${resourceKey(event.resource)}`)
        case 'IdentityAllocated':
          return isElsewhere(stream, node) ? inputs : inputs.set(`identity ${event.identity}`, recorded)
        case 'IdentityReleased':
          return isElsewhere(stream, node) ? inputs : inputs.delete(`identity ${event.identity}`)
        case 'EndpointCreated':
        case 'EndpointDeleted':
          return withPorts(inputs, `pod ${stream}/${event.endpoint}`, { ...recorded, event })
        case 'DnsAnswerLearned':
        case 'DnsAnswerExpired':
          return isElsewhere(stream, node) ? inputs : withAnswer(inputs, { ...recorded, event })
        case 'CidrGroupSet':
          return inputs.set(`cidr-group ${event.name}`, recorded)
        case 'CidrGroupDeleted':
          return inputs.delete(`cidr-group ${event.name}`)
        case 'ServiceSet':
          return inputs.set(`service ${serviceKey(event)}`, recorded)
        case 'ServiceDeleted':
          return inputs.delete(`service ${serviceKey(event)}`)
      }
    },
  })
}

export function inOrder(inputs: PolicyInputs): readonly Recorded[] {
  return [...inputs.values()].toSorted((a, b) => (a.position < b.position ? -1 : 1))
}

/** Only pods with named ports say something to an engine. */
function withPorts(
  inputs: PolicyInputs,
  key: string,
  recorded: Recorded<EventOf<'EndpointCreated' | 'EndpointDeleted'>>,
): PolicyInputs {
  const { event } = recorded
  return event.type === 'EndpointCreated' && event.namedPorts.length > 0
    ? inputs.set(key, recorded)
    : inputs.delete(key)
}

function withAnswer(
  inputs: PolicyInputs,
  recorded: Recorded<EventOf<'DnsAnswerLearned' | 'DnsAnswerExpired'>>,
): PolicyInputs {
  const { name, addresses: said } = recorded.event
  const key = `dns ${name}`
  const before = inputs.get(key)
  const addresses = new Set<IpAddress>(before?.event.type === 'DnsAnswerLearned' ? before.event.addresses : [])
  for (const address of said) {
    if (recorded.event.type === 'DnsAnswerLearned') addresses.add(address)
    else addresses.delete(address)
  }
  if (addresses.size === 0) return inputs.delete(key)
  const event = {
    type: 'DnsAnswerLearned',
    v: 1,
    name,
    addresses: [...addresses],
    ttlSeconds: null,
    askedBy: null,
  } as const
  return inputs.set(key, { ...recorded, event })
}

/**
 * What a writer must know before it appends: names, numbers and addresses in use, and the repository's revision.
 *
 * It may be folded from a part of the log only: whoever decides about one stream needs the events of that stream.
 */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type DnsNames, evolveDns, NO_DNS } from '../facts/dns.ts'
import { evolveShared, NO_SHARED_FACTS, type SharedFacts } from '../facts/shared.ts'
import { CLUSTER_IDENTITY_MIN, LOCAL_IDENTITY_MIN } from '../identity/reserved.ts'
import { type Projection, projection } from '../projection.ts'
import { nodeOfStream } from '../world.ts'
import { evolveEndpoints, NO_ENDPOINTS, type NodeEndpoints } from './endpoints.ts'
import { emptyBook, evolveNumbers, type NumberBook } from './identities.ts'
import { evolvePolicies, NO_POLICIES, type StoredPolicies } from './policies.ts'

export type NodeLedger = { readonly endpoints: NodeEndpoints; readonly prefixes: NumberBook; readonly dns: DnsNames }

export type Ledger = {
  readonly policies: StoredPolicies
  readonly facts: SharedFacts
  readonly identities: NumberBook
  /** By node name. */
  readonly nodes: PersistentMap<string, NodeLedger>
}

const READS = [
  'PolicyAdded',
  'PolicyDeleted',
  'PositionTagged',
  'IdentityAllocated',
  'IdentityReleased',
  'EndpointCreated',
  'EndpointDeleted',
  'CidrGroupSet',
  'CidrGroupDeleted',
  'ServiceSet',
  'ServiceDeleted',
  'DnsAnswerLearned',
  'DnsAnswerExpired',
] as const
type Read = (typeof READS)[number]

const EMPTY_NODE: NodeLedger = { endpoints: NO_ENDPOINTS, prefixes: emptyBook(LOCAL_IDENTITY_MIN), dns: NO_DNS }

export const ledger: Projection<Ledger, Read> = projection<Ledger, Read>({
  name: 'ledger',
  version: 2,
  reads: READS,
  initial: {
    policies: NO_POLICIES,
    facts: NO_SHARED_FACTS,
    identities: emptyBook(CLUSTER_IDENTITY_MIN),
    nodes: PersistentMap(),
  },
  evolve: (state, recorded) => {
    const { event, stream } = recorded
    switch (event.type) {
      case 'PolicyAdded':
      case 'PolicyDeleted':
      case 'PositionTagged':
        return { ...state, policies: evolvePolicies(state.policies, event) }
      case 'IdentityAllocated':
      case 'IdentityReleased':
        if (stream === 'identity') return { ...state, identities: evolveNumbers(state.identities, event) }
        return atNode(state, stream, (node) => ({ ...node, prefixes: evolveNumbers(node.prefixes, event) }))
      case 'EndpointCreated':
      case 'EndpointDeleted':
        return atNode(state, stream, (node) => ({ ...node, endpoints: evolveEndpoints(node.endpoints, event) }))
      case 'CidrGroupSet':
      case 'CidrGroupDeleted':
      case 'ServiceSet':
      case 'ServiceDeleted':
        return { ...state, facts: evolveShared(state.facts, { ...recorded, event }) }
      case 'DnsAnswerLearned':
      case 'DnsAnswerExpired':
        return atNode(state, stream, (node) => ({ ...node, dns: evolveDns(node.dns, { ...recorded, event }) }))
    }
  },
})

export function nodeOf(state: Ledger, node: string): NodeLedger {
  return state.nodes.get(node) ?? EMPTY_NODE
}

function atNode(
  state: Ledger,
  stream: Recorded<EventOf<Read>>['stream'],
  change: (node: NodeLedger) => NodeLedger,
): Ledger {
  const name = nodeOfStream(stream)
  return name === null ? state : { ...state, nodes: state.nodes.update(name, EMPTY_NODE, change) }
}

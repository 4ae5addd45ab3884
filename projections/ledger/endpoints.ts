/** The endpoints of one node, as a writer must know them. */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import type { EndpointId } from '../../events/ids.ts'

export type NodeEndpoints = {
  readonly byId: PersistentMap<EndpointId, EventOf<'EndpointCreated'>>
  /** Names and addresses in use. */
  readonly byName: PersistentMap<string, EndpointId>
  readonly byAddress: PersistentMap<string, EndpointId>
  /** The highest id that was ever given. */
  readonly highest: number
}

export const NO_ENDPOINTS: NodeEndpoints = {
  byId: PersistentMap(),
  byName: PersistentMap(),
  byAddress: PersistentMap(),
  highest: 0,
}

export function evolveEndpoints(
  state: NodeEndpoints,
  event: EventOf<'EndpointCreated' | 'EndpointDeleted'>,
): NodeEndpoints {
  if (event.type === 'EndpointDeleted') return without(state, event.endpoint)
  const { endpoint, name } = event
  return {
    byId: state.byId.set(endpoint, event),
    byName: state.byName.set(name, endpoint),
    byAddress: addressesOf(event).reduce((map, address) => map.set(address, endpoint), state.byAddress),
    highest: Math.max(state.highest, endpoint),
  }
}

export function addressesOf({ ipv4, ipv6 }: EventOf<'EndpointCreated'>): readonly string[] {
  return [ipv4, ipv6].filter((address) => address !== null)
}

function without(state: NodeEndpoints, id: EndpointId): NodeEndpoints {
  const gone = state.byId.get(id)
  if (gone === undefined) return state
  return {
    ...state,
    byId: state.byId.delete(id),
    byName: state.byName.delete(gone.name),
    byAddress: state.byAddress.deleteAll(addressesOf(gone)),
  }
}

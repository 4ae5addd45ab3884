/** Groups of prefixes and services as the log says they are, each with the event that said so last. */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import type { ServiceSet } from '../../events/facts.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { ExternalService } from '../policy/engine.ts'

/** The event behind a fact. Plain JSON: a position is its decimal text. */
export type FactStamp = {
  readonly position: string
  readonly recordedAt: number
  /** Kind and name. */
  readonly actor: string
  readonly source: string
}

export type CidrGroupView = Omit<EventOf<'CidrGroupSet'>, 'type' | 'v'> & { readonly since: FactStamp }
export type ServiceView = Omit<ServiceSet, 'type' | 'v'> & { readonly since: FactStamp }

export type SharedFacts = {
  /** By name. */
  readonly cidrGroups: PersistentMap<string, CidrGroupView>
  /** By `namespace/name`. */
  readonly services: PersistentMap<string, ServiceView>
}

export const NO_SHARED_FACTS: SharedFacts = { cidrGroups: PersistentMap(), services: PersistentMap() }

type SharedFact = EventOf<'CidrGroupSet' | 'CidrGroupDeleted' | 'ServiceSet' | 'ServiceDeleted'>

export function evolveShared<State extends SharedFacts>(state: State, recorded: Recorded<SharedFact>): State {
  const { event } = recorded
  switch (event.type) {
    case 'CidrGroupSet': {
      const { name, labels, prefixes } = event
      const group = { name, labels, prefixes, since: stampOf(recorded) }
      return { ...state, cidrGroups: state.cidrGroups.set(name, group) }
    }
    case 'CidrGroupDeleted':
      return { ...state, cidrGroups: state.cidrGroups.delete(event.name) }
    case 'ServiceSet': {
      const { namespace, name, labels, backends } = event
      const service = { namespace, name, labels, backends, since: stampOf(recorded) }
      return { ...state, services: state.services.set(serviceKey(event), service) }
    }
    case 'ServiceDeleted':
      return { ...state, services: state.services.delete(serviceKey(event)) }
  }
}

export function serviceKey({ namespace, name }: Pick<ServiceSet, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}

/** As the engine takes it; null while the service itself was not given. */
export function externalService({
  namespace,
  name,
  labels,
  backends,
}: Omit<ServiceSet, 'type' | 'v'>): ExternalService | null {
  if (labels === null) return null
  return { namespace, name, labels, backends: [...new Set(backends.flatMap(({ addresses }) => addresses))].toSorted() }
}

export function stampOf({ position, recordedAt, context }: Omit<Recorded, 'event'>): FactStamp {
  const { actor, source } = context
  return {
    position: String(position),
    recordedAt,
    actor: `${actor.kind} ${actor.name}`,
    source: source.detail === '' ? source.kind : `${source.kind} ${source.detail}`,
  }
}

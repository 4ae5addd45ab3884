/** Where rules come from: each policy's events up to a moment, and an origin as the element of a policy with the event that brought it. */
import type { EventOf, EventType } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import { resourceKey } from '../../events/fields.ts'
import { Position } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { EventLog } from '../ports/log.ts'
import { positionText } from './branch/place.ts'
import { eventAt } from './event-at.ts'
import type { History } from './history.ts'
import { isoTime, type Moment } from './position.ts'

type Added = Recorded<EventOf<'PolicyAdded'>>
type Deleted = Recorded<EventOf<'PolicyDeleted'>>

/** By resource key: how a policy last appeared and, where it is gone, how it went. Maps may still hold entries of what is gone. */
export type Provenance = ReadonlyMap<string, { readonly added: Added; readonly deleted: Deleted | null }>

/** One element of a policy and the event that brought it; `policy` is null for what no policy asked for. */
export type RuleRef = {
  /** `<resource key>#<JSON pointer>`, or `reserved:<why>`. */
  readonly origin: string
  readonly policy: string | null
  readonly pointer: string
  readonly revision: number | null
  readonly position: string | null
  readonly time: string | null
  readonly actor: string | null
  readonly source: string | null
  /** Position at which the policy went; null while it is there. */
  readonly deletedAt: string | null
}

const BEFORE_EVERYTHING = Position(0n)

/** Throws `DecodeError`. */
export async function provenanceAt(log: EventLog, moment: Moment | null): Promise<Provenance> {
  const found = new Map<string, { readonly added: Added; readonly deleted: Deleted | null }>()
  if (moment === null) return found
  const types: readonly EventType[] = ['PolicyAdded', 'PolicyDeleted']
  for await (const batch of log.readAll({ direction: 'forwards', after: null, types })) {
    for (const stored of batch) {
      if (stored.position > moment.position) return found
      const { event, ...recorded } = decodeEvent(stored)
      if (event.type === 'PolicyAdded') {
        found.set(resourceKey(event.resource), { added: { ...recorded, event }, deleted: null })
      }
      const before = event.type === 'PolicyDeleted' ? found.get(resourceKey(event.resource)) : undefined
      if (event.type === 'PolicyDeleted' && before !== undefined) {
        found.set(resourceKey(event.resource), { ...before, deleted: { ...recorded, event } })
      }
    }
  }
  return found
}

/** The same through the read model: its cost is that of the policies that ever were, not of the log. Throws `DecodeError`. */
export async function provenanceFrom({ log, model }: History, at: Position): Promise<Provenance> {
  const found = new Map<string, { readonly added: Added; readonly deleted: Deleted | null }>()
  const names = model.changed({ unit: 'policy', after: BEFORE_EVERYTHING, upTo: at })
  for (const entity of names.filter((name) => name.startsWith('policy '))) {
    const versions = model.versions({ unit: 'policy', entity, upTo: at, limit: 2 })
    const [last, before] = await Promise.all(versions.map(({ position }) => eventAt({ log }, position)))
    const added = last?.event.type === 'PolicyAdded' ? last : before
    if (added?.event.type !== 'PolicyAdded') continue
    const deleted = last?.event.type === 'PolicyDeleted' ? (last as Deleted) : null
    found.set(entity.slice('policy '.length), { added: added as Added, deleted })
  }
  return found
}

/** The proxy calls a rule of several elements after the first, `… and 2 more`. */
export function ruleRef(provenance: Provenance, name: string): RuleRef {
  const origin = name.replace(/ and [0-9]+ more$/, '')
  const hash = origin.indexOf('#')
  const nothing = { revision: null, position: null, time: null, actor: null, source: null, deletedAt: null }
  if (hash < 0) return { origin, policy: null, pointer: '', ...nothing }
  const [policy, pointer] = [origin.slice(0, hash), origin.slice(hash + 1)]
  const found = provenance.get(policy)
  if (found === undefined) return { origin, policy, pointer, ...nothing }
  const { event, position, recordedAt, context } = found.added
  return {
    origin,
    policy,
    pointer,
    revision: event.revision,
    position: positionText(position),
    time: isoTime(recordedAt),
    actor: `${context.actor.kind} ${context.actor.name}`,
    source: context.source.detail === '' ? context.source.kind : `${context.source.kind} ${context.source.detail}`,
    deletedAt: found.deleted === null ? null : positionText(found.deleted.position),
  }
}

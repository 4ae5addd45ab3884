/**
 * Who put an entry into an endpoint's policy map, or took it away: the event, the rules behind it, their policies and who applied them; and all
 * versions that an entry ever had.
 */
import type { PolicyMapKey, PolicyMapValue } from '../../events/fields.ts'
import type { EndpointId, Position } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { comparePolicyMapKeys, policyMapKeyOf } from '../../projections/datapath/policy-map.ts'
import type { EntityVersion } from '../ports/read-model.ts'
import { causeOf, type EventRef, eventAt, refOf } from './event-at.ts'
import type { History } from './history.ts'
import { type LabelsOf, labelsAt } from './labels.ts'

export type BlameQuestion = {
  readonly node: string
  readonly endpoint: EndpointId
  /** In the word of `policyMapKeyText`; null asks about all entries that are there. */
  readonly key: string | null
  readonly at: Position
}

/** A rule behind an entry, and the event that brought, changed or took away its policy; null for what no policy asked for. */
export type Blamed = {
  readonly origin: string
  readonly policy: EventRef | null
}

export type BlamedEntry = {
  readonly key: PolicyMapKey
  readonly labels: readonly string[]
  /** Null: the entry is gone, and `event` took it away. */
  readonly value: PolicyMapValue | null
  /** What wrote it to the map. */
  readonly event: EventRef
  /** What the write followed from: the first of the chain of causes that is not the agent's own doing. */
  readonly cause: EventRef | null
  readonly rules: readonly Blamed[]
}

/** In the order of the map. Empty: the key was never there, or the map is empty. */
export async function blame(history: History, question: BlameQuestion): Promise<readonly BlamedEntry[]> {
  const { node, endpoint, key, at } = question
  const unit = `endpoint ${node} ${endpoint}`
  if (key !== null) return entryHistory(history, { ...question, key, limit: 1 })
  const labels = labelsAt(history.model, node, at)
  const present = [...history.model.entities(unit, at)]
    .filter(([name]) => name.startsWith('map '))
    .map(([name, version]) => ({ key: name.slice('map '.length), version }))
    .toSorted((a, b) => comparePolicyMapKeys(policyMapKeyOf(a.key), policyMapKeyOf(b.key)))
  return Promise.all(present.map((entry) => blamed(history, labels, entry)))
}

/** Every version of one entry up to the moment, newest first, at most `limit`. */
export async function entryHistory(
  history: History,
  question: BlameQuestion & { readonly key: string; readonly limit: number },
): Promise<readonly BlamedEntry[]> {
  const { node, endpoint, key, at, limit } = question
  const versions = history.model.versions({
    unit: `endpoint ${node} ${endpoint}`,
    entity: `map ${key}`,
    upTo: at,
    limit,
  })
  const labels = labelsAt(history.model, node, at)
  return Promise.all(versions.map((version) => blamed(history, labels, { key, version })))
}

async function blamed(
  history: History,
  labels: LabelsOf,
  { key, version }: { readonly key: string; readonly version: EntityVersion },
): Promise<BlamedEntry> {
  const parsed = policyMapKeyOf(key)
  const value = version.value as unknown as PolicyMapValue | null
  const event = await eventAt(history, version.position)
  if (event === null) throw new RangeError(`the log has no event at ${version.position}, which the read model names`)
  // A rule that took its entry away is named by what stood there before.
  const origins = value?.origins ?? removedOrigins(event, key)
  return {
    key: parsed,
    labels: labels(parsed.identity),
    value,
    event: refOf(event),
    cause: await causeOf(history, event),
    rules: await Promise.all(origins.map((origin) => ruleOf(history, origin, version))),
  }
}

function removedOrigins({ event }: Recorded, key: string): readonly string[] {
  if (event.type !== 'PolicyMapWritten') return []
  const wanted = policyMapKeyOf(key)
  return event.deltas.find((delta) => comparePolicyMapKeys(delta.key, wanted) === 0)?.before?.origins ?? []
}

/** Behind an entry that is there stands what brought its policy; behind one that is gone what last changed it, or took it away. */
async function ruleOf(history: History, origin: string, { position, value }: EntityVersion): Promise<Blamed> {
  const entity = `policy ${origin.split('#', 1)[0]!}`
  const versions = history.model.versions({ unit: 'policy', entity, upTo: position, limit: 2 })
  const found = value === null ? versions[0] : versions.find((version) => version.value !== null)
  const event = found === undefined ? null : await eventAt(history, found.position)
  return { origin, policy: event === null ? null : refOf(event) }
}

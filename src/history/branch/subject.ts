/**
 * What of the world a branch can have otherwise: policies, groups, services, what the DNS said on a node, labels of an endpoint. Each is one entity of
 * the history (projections/history/entities.ts); everything else follows from these.
 */
import type { EventType } from '../../../events/catalogue.ts'
import { decodeEvent } from '../../../events/codec.ts'
import { type ResourceRef, resourceKey } from '../../../events/fields.ts'
import type { NodeName } from '../../../events/ids.ts'
import { nodeStream, type Position } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { Json } from '../../../events/schema.ts'
import { equal } from '../../../projections/history/changes.ts'
import { touchedBy, type UnitName, unitOf, unitParts } from '../../../projections/history/entities.ts'
import { eventAt } from '../event-at.ts'
import type { History } from '../history.ts'

export type Subject = { readonly unit: UnitName; readonly entity: string }

export type SubjectOutcome =
  | { readonly kind: 'subject'; readonly subject: Subject }
  | { readonly kind: 'refused'; readonly reason: string }

const AGENTS_OWN = 'the agent did it, and it follows from the rest: leave out what it followed from'
const NOTHING_ENFORCED = 'nothing that is enforced rests on it'
const WAS_HERE = 'who would have had its address and its number instead is not known'

/** Why an event cannot be left out; types that are not named can. */
const REFUSED: { readonly [Type in EventType]?: string } = {
  PolicyRefused: NOTHING_ENFORCED,
  PositionTagged: NOTHING_ENFORCED,
  IdentityAllocated: AGENTS_OWN,
  IdentityReleased: AGENTS_OWN,
  IpcacheUpserted: AGENTS_OWN,
  IpcacheDeleted: AGENTS_OWN,
  EndpointCreated: `a pod was there: ${WAS_HERE}`,
  EndpointDeleted: `a pod was gone: ${WAS_HERE}`,
  EndpointStateChanged: AGENTS_OWN,
  PolicyReaction: AGENTS_OWN,
  EndpointRegenerationRequested: AGENTS_OWN,
  EndpointRegenerationStarted: AGENTS_OWN,
  PolicyMapWritten: AGENTS_OWN,
  EndpointRegenerationSucceeded: AGENTS_OWN,
  EndpointRegenerationFailed: AGENTS_OWN,
  EndpointRevisionBumped: AGENTS_OWN,
  AgentStarted: NOTHING_ENFORCED,
  AgentStopped: NOTHING_ENFORCED,
  KernelProbed: NOTHING_ENFORCED,
  ProxyPortAllocated: AGENTS_OWN,
  ProxyPortReleased: AGENTS_OWN,
  ProgramLoaded: AGENTS_OWN,
  ProgramUnloaded: AGENTS_OWN,
  XdsPublished: AGENTS_OWN,
  XdsAcked: NOTHING_ENFORCED,
  XdsNacked: NOTHING_ENFORCED,
  ProxyConnectionChanged: NOTHING_ENFORCED,
}

/** What would be otherwise if the event had never happened. */
export async function subjectOfEvent(history: History, recorded: Recorded): Promise<SubjectOutcome> {
  const reason = REFUSED[recorded.event.type]
  const subject = reason === undefined ? subjectOf(recorded) : null
  if (subject === null) return { kind: 'refused', reason: `${recorded.event.type}: ${reason ?? NOTHING_ENFORCED}` }
  if (recorded.event.type === 'EndpointIdentityChanged') {
    const before = (await eventsOf(history, subject, recorded.position)).at(-2)
    if (before?.event.type !== 'EndpointIdentityChanged') {
      const why = 'it was the first identity of the endpoint, which without one would never have been built'
      return { kind: 'refused', reason: `EndpointIdentityChanged: ${why}` }
    }
  }
  return { kind: 'subject', subject }
}

function subjectOf(recorded: Recorded): Subject | null {
  const unit = unitOf(recorded)
  const touched = touchedBy(recorded, null)
  const entity = touched === 'all' ? undefined : touched.find((name) => name !== 'revision')
  return unit === null || entity === undefined ? null : { unit, entity }
}

export function policySubject(resource: ResourceRef): Subject {
  return { unit: 'policy', entity: `policy ${resourceKey(resource)}` }
}

export function subjectKey({ unit, entity }: Subject): string {
  return `${unit}\n${entity}`
}

/** For people: the key of a policy, `cidr-group NAME`, `service NAMESPACE/NAME`, `dns NAME on node N`, `labels of endpoint ID on node N`. */
export function subjectText({ unit, entity }: Subject): string {
  const parts = unitParts(unit)
  if (parts.kind === 'endpoint') return `labels of endpoint ${parts.endpoint} on node ${parts.node}`
  if (parts.kind === 'node') return `${entity} on node ${parts.node}`
  return entity.replace(/^policy /, '')
}

/** Its events up to a position, oldest first. Throws `DecodeError`. */
export async function eventsOf(history: History, subject: Subject, upTo: Position): Promise<readonly Recorded[]> {
  const parts = unitParts(subject.unit)
  if (parts.kind === 'node') {
    return scanned(history, subject, { upTo, node: parts.node, types: ['DnsAnswerLearned', 'DnsAnswerExpired'] })
  }
  if (parts.kind === 'endpoint') {
    const types: readonly EventType[] = ['EndpointCreated', 'EndpointDeleted', 'EndpointIdentityChanged']
    return scanned(history, subject, { upTo, node: parts.node, types })
  }
  const versions = history.model.versions({ ...subject, upTo, limit: VERSIONS_MAX })
  const found = await Promise.all(versions.map(({ position }) => eventAt(history, position)))
  return found.filter((recorded) => recorded !== null).toReversed()
}

/** More than anybody ever changed one policy. */
const VERSIONS_MAX = 100_000

/** The index keeps no version where an event changed nothing, and what changed nothing may change something without another. */
async function scanned(
  { log }: History,
  subject: Subject,
  { upTo, node, types }: { readonly upTo: Position; readonly node: string; readonly types: readonly EventType[] },
): Promise<readonly Recorded[]> {
  const stream = nodeStream(node as NodeName)
  const found: Recorded[] = []
  const isOfIt = (recorded: Recorded): boolean =>
    recorded.stream === stream && unitOf(recorded) === subject.unit && isTouched(recorded, subject.entity)
  for await (const batch of log.readAll({ direction: 'forwards', after: null, types, streamPrefixes: [stream] })) {
    const before = batch.filter(({ position }) => position <= upTo)
    found.push(...before.map(decodeEvent).filter(isOfIt))
    if (before.length < batch.length) break
  }
  return found
}

function isTouched(recorded: Recorded, entity: string): boolean {
  const touched = touchedBy(recorded, null)
  return touched === 'all' || touched.includes(entity)
}

/** Without what only says when and by which event it came to be so. */
export function essenceOf({ entity }: Subject, value: Json | null): Json | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  const fields = value as { readonly [key: string]: Json }
  if (entity.startsWith('policy ')) return fields['manifest'] ?? null
  if (entity === 'endpoint') return { identity: fields['identity'] ?? null, labels: fields['labels'] ?? [] }
  if (entity.startsWith('dns ')) {
    const addresses = (fields['addresses'] ?? []) as readonly { readonly [key: string]: Json }[]
    return addresses.map(({ address, expiresAt }) => ({ address: address ?? null, expiresAt: expiresAt ?? null }))
  }
  const { since: _, ...rest } = fields
  return rest
}

export function isSame(subject: Subject, one: Json | null, other: Json | null): boolean {
  return equal(essenceOf(subject, one), essenceOf(subject, other))
}

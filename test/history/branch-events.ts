/** Events of a log that a branch can have otherwise, oldest first. */
import { decodeEvent } from '../../events/codec.ts'
import type { Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import type { EventLog } from '../../src/ports/log.ts'

export type PolicyEvent = {
  readonly position: Position
  readonly name: string
  /** Null: it was deleted. */
  readonly manifest: Json | null
}

export async function policyEventsOf(log: EventLog): Promise<readonly PolicyEvent[]> {
  const found: PolicyEvent[] = []
  const types = ['PolicyAdded', 'PolicyDeleted']
  for await (const batch of log.readAll({ direction: 'forwards', after: null, types })) {
    for (const { position, event } of batch.map(decodeEvent)) {
      if (event.type === 'PolicyAdded') found.push({ position, name: event.resource.name, manifest: event.manifest })
      if (event.type === 'PolicyDeleted') found.push({ position, name: event.resource.name, manifest: null })
    }
  }
  return found
}

const OTHERS = ['CidrGroupSet', 'CidrGroupDeleted', 'DnsAnswerLearned']

/** Of groups and DNS answers. */
export async function factPositionsOf(log: EventLog): Promise<readonly Position[]> {
  const found: Position[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null, types: OTHERS }))
    found.push(...batch.map(({ position }) => position))
  return found
}

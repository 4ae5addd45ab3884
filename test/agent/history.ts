/** Short histories for tests: events in order, with positions and revisions as a log would give them. */
import type { HindcastEvent } from '../../events/catalogue.ts'
import {
  CorrelationId,
  EventId,
  endpointStream,
  IDENTITY_STREAM,
  NodeName,
  nodeStream,
  POLICY_STREAM,
  Position,
  type StreamName,
  StreamRevision,
  Timestamp,
} from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'

export const NODE: NodeName = NodeName('node1')
const CORRELATION = CorrelationId('00000000-0000-4000-8000-000000000000')
const START_MS = 1_000_000

/** Where an event of this node belongs. */
export function streamOf(event: HindcastEvent): StreamName {
  if (event.type === 'PolicyAdded' || event.type === 'PolicyDeleted') return POLICY_STREAM
  if (event.type === 'IdentityAllocated' && event.scope === 'cluster') return IDENTITY_STREAM
  const perEndpoint = /^(EndpointRegeneration|PolicyMapWritten|EndpointRevisionBumped)/.test(event.type)
  return perEndpoint && 'endpoint' in event ? endpointStream(NODE, event.endpoint) : nodeStream(NODE)
}

/** Positions 100, 200 …, one second apart. */
export function history(...events: readonly HindcastEvent[]): readonly Recorded[] {
  const heads = new Map<StreamName, number>()
  return events.map((event, index) => {
    const stream = streamOf(event)
    const revision = heads.get(stream) ?? 0
    heads.set(stream, revision + 1)
    return {
      position: Position(BigInt(index + 1) * 100n),
      stream,
      revision: StreamRevision(revision),
      recordedAt: Timestamp(START_MS + index * 1_000),
      id: EventId(`00000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`),
      event,
      context: {
        actor: { kind: 'user', name: 'test' },
        source: { kind: 'test', detail: '' },
        correlation: CORRELATION,
        cause: index === 0 ? null : Position(BigInt(index) * 100n),
      },
    }
  })
}

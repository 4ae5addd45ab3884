/** Events and flows under pseudonyms. */
import type { HindcastEvent } from '../../../../events/catalogue.ts'
import { decodeEvent, encodeEvent, type StoredEvent } from '../../../../events/codec.ts'
import { StreamName } from '../../../../events/ids.ts'
import type { Json } from '../../../../events/schema.ts'
import type { Flow, FlowHeader } from '../../../ports/flows.ts'
import { Changing } from './changing.ts'
import { DECISIONS, OF_CONTEXT } from './decisions.ts'
import { type Decisions, each, orNull, ours, type Rename, record, renamed } from './field.ts'
import { headerValue } from './http.ts'
import type { Pseudonyms } from './names.ts'

export class Renaming {
  readonly #changing: Changing

  /** `instead`: resources by the canonical text of what would be told otherwise. */
  constructor(names: Pseudonyms, instead: ReadonlyMap<string, Json>) {
    this.#changing = new Changing(names, instead)
  }

  /** In the order of the log. Throws `RangeError` on what cannot be renamed. */
  event(stored: StoredEvent): StoredEvent {
    const { event, context, id } = decodeEvent(stored)
    this.#changing.at(stored.stream)
    const encoded = encodeEvent({
      id,
      event: this.#event(event),
      context: renamed(OF_CONTEXT, context, this.#changing),
    })
    return { ...stored, ...encoded, stream: this.#stream(stored.stream) }
  }

  flow(flow: Flow): Flow {
    return renamed(OF_FLOW, flow, this.#changing)
  }

  #event<Event extends HindcastEvent>(event: Event): Event {
    const decisions = DECISIONS[event.type] as unknown as Decisions<Event, Changing>
    return { ...renamed(decisions, event, this.#changing), type: event.type, v: event.v }
  }

  #stream(stream: StreamName): StreamName {
    const { names } = this.#changing
    const node = /^node-(.*)$/s.exec(stream)
    if (node !== null) return StreamName(`node-${names.name(node[1]!)}`)
    const endpoint = /^endpoint-(.*)-([0-9]+)$/s.exec(stream)
    if (endpoint !== null) return StreamName(`endpoint-${names.name(endpoint[1]!)}-${endpoint[2]}`)
    if (stream === 'policy' || stream === 'identity') return stream
    throw new RangeError(`the stream ${stream}`)
  }
}

type Of<Value> = Rename<Value, Changing>
type Http = NonNullable<Flow['http']>

const end: Of<Flow['source']> = record<Flow['source'], Changing>({
  address: (text, c) => c.address(text),
  port: 'same',
  identity: 'same',
})
const header: Of<FlowHeader> = record<FlowHeader, Changing>({
  name: ours,
  value: (text, { names }, { name }) => headerValue(names, name, text),
})
const http: Of<Http> = record<Http, Changing>({
  method: ours,
  host: (text, { names }) => names.host(text),
  // Stays, and the words about pseudonyms say so.
  path: ours,
  protocol: ours,
  status: 'same',
  durationMs: 'same',
  missing: each(header),
  rejected: each(header),
})
const OF_FLOW: Decisions<Flow, Changing> = {
  id: 'same',
  time: 'same',
  stamp: record<Flow['stamp'], Changing>({ position: ours, revision: 'same' }),
  kind: 'same',
  verdict: 'same',
  direction: 'same',
  endpoint: 'same',
  source: end,
  destination: end,
  protocol: 'same',
  dropReason: 'same',
  matchType: orNull(ours),
  proxyPort: 'same',
  http: orNull(http),
}

/** A range of a log as a capsule, and a capsule as a log again. Both sides look whether the state comes out as it was. */
import type { StoredEvent } from '../../../events/codec.ts'
import { Position, type Timestamp } from '../../../events/ids.ts'
import { world } from '../../../projections/world.ts'
import { type Flow, type FlowQuery, type FlowStore, FlowStoreError } from '../../ports/flows.ts'
import type { EventLog } from '../../ports/log.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import type { History } from '../history.ts'
import type { Moment } from '../position.ts'
import { CapsuleError } from './capsule-error.ts'
import { CapsuleLog } from './capsule-log.ts'
import type { Capsule } from './format.ts'
import { eventsOfStart } from './start.ts'
import { stateDigest } from './state.ts'

export type ExportQuestion = {
  readonly history: History
  readonly from: Moment
  readonly to: Moment
  readonly engine: string
  readonly flows: { readonly node: string; readonly store: Pick<FlowStore, 'query'> } | null
  readonly openModel: (log: EventLog) => Promise<ReadModel>
  readonly shortMax?: number
}

/** Which fold the digests of the state are of; those of another one are not compared. */
export const PROJECTION: string = `${world.name}@${world.version}`
/** Flows of one capsule: about 100 MB of text. */
const FLOWS_MAX = 200_000

export async function exportCapsule(question: ExportQuestion): Promise<Capsule> {
  const { history, from, to, engine } = question
  const range = await eventsBetween(history.log, from.position, to.position)
  const start = await eventsOfStart({ ...question, start: from.position, range })
  const { flows, whole } = await flowsBetween(question)
  return {
    header: {
      engine,
      projection: PROJECTION,
      from: { position: String(from.position), time: from.recordedAt },
      to: { position: String(to.position), time: to.recordedAt },
      stateAtStart: stateDigest(history.model, from.position),
      stateAtEnd: stateDigest(history.model, to.position),
      flows: question.flows === null ? null : { node: question.flows.node, count: flows.length, whole },
      origin: null,
    },
    events: [...start, ...range],
    flows,
  }
}

/** As a log, without a look at what it says of its states. */
export function capsuleLog({ header, events }: Capsule, location: string): CapsuleLog {
  const { from, engine } = header
  const begins = { position: Position(BigInt(from.position)), recordedAt: from.time as Timestamp }
  return new CapsuleLog({ location, begins, engine, events })
}

/** Throws `CapsuleError` where the states at both ends are not those that it was taken from. */
export async function openCapsule(
  capsule: Capsule,
  { location, openModel }: { readonly location: string } & Pick<ExportQuestion, 'openModel'>,
): Promise<History> {
  const { from, to, projection } = capsule.header
  const log = capsuleLog(capsule, location)
  const model = await openModel(log)
  if (projection !== PROJECTION) return { log, model }
  const ends = [
    ['start', Position(BigInt(from.position)), capsule.header.stateAtStart],
    ['end', Position(BigInt(to.position)), capsule.header.stateAtEnd],
  ] as const
  for (const [end, position, wanted] of ends) {
    const found = stateDigest(model, position)
    if (found === wanted) continue
    model[Symbol.dispose]()
    throw new CapsuleError('capsule-changed', `the state at its ${end}, ${position}, is ${found}, not ${wanted}`)
  }
  return { log, model }
}

/** The flows of a capsule as the store of that node answers; null: of whichever node they are. */
export function flowsOf({ header, flows }: Capsule, node: string | null): Pick<FlowStore, 'query'> {
  const isOther = header.flows === null || (node !== null && node !== header.flows.node)
  return {
    query: async ({ id, sinceId, since, until, last, first, verdict, endpoint }: FlowQuery) => {
      if (isOther)
        throw new FlowStoreError('flows-missing', `the capsule holds no flows${node === null ? '' : ` of ${node}`}`)
      const found = flows.filter(
        (flow) =>
          (id === undefined || flow.id === id) &&
          (sinceId === undefined || flow.id > sinceId) &&
          (since === undefined || flow.time >= since) &&
          (until === undefined || flow.time <= until) &&
          (verdict === undefined || flow.verdict === verdict) &&
          (endpoint === undefined || flow.endpoint === endpoint),
      )
      return last === undefined ? found.slice(0, first) : found.slice(Math.max(0, found.length - last))
    },
  }
}

async function eventsBetween(log: EventLog, after: Position, upTo: Position): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after })) {
    for (const stored of batch) {
      if (stored.position > upTo) return found
      found.push(stored)
    }
  }
  return found
}

/** Those that were judged at a position of the range. */
async function flowsBetween({
  flows: asked,
  from,
  to,
}: ExportQuestion): Promise<{ readonly flows: readonly Flow[]; readonly whole: boolean }> {
  const found: Flow[] = []
  for (let sinceId = 0; asked !== null; ) {
    const page = await asked.store.query({ sinceId })
    if (page.length === 0) break
    sinceId = page.at(-1)!.id
    for (const flow of page) {
      const position = BigInt(flow.stamp.position)
      if (position >= from.position && position <= to.position) found.push(flow)
    }
    if (found.length >= FLOWS_MAX) return { flows: found.slice(0, FLOWS_MAX), whole: false }
  }
  return { flows: found, whole: true }
}

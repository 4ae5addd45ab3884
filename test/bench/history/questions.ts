/** The questions of time travel, asked in this process of one log and its read model. Everything is processor time. */
import { EndpointId, type Position } from '../../../events/ids.ts'
import { bisectBy } from '../../../src/history/bisect.ts'
import { blame, entryHistory } from '../../../src/history/blame.ts'
import { diffMoments } from '../../../src/history/diff.ts'
import type { History } from '../../../src/history/history.ts'
import type { Moment } from '../../../src/history/position.ts'
import { endpointAt, worldFrom } from '../../../src/history/state-at.ts'
import type { EventLog } from '../../../src/ports/log.ts'
import { ENDPOINTS, NODE } from '../long-log.ts'
import { cpuUs, median } from '../measure.ts'

const QUESTIONS = 3_000
const WORLDS = 12
const MOMENTS = 2_000
/** Before that most endpoints are not there yet. */
export const SETTLED_EVENTS = 6_000
/** Changes of entities between the two moments of a diff; four events of a build make five. */
const DIFFS = [10, 100, 1_000, 10_000, 100_000] as const
const EVENTS_FOR_CHANGES = 4 / 5

export type Asked = {
  readonly endpoint: readonly number[]
  readonly world: number
  readonly head: number
  readonly blame: readonly number[]
  readonly history: readonly number[]
  readonly diffs: readonly { readonly changes: number; readonly us: number }[]
  readonly bisect: { readonly evaluations: number; readonly us: number }
}

type Dice = (below: number) => number

export async function ask(history: History, events: number): Promise<Asked> {
  const { log, model } = history
  const dice = random(events)
  const moments = await someMoments(log, events)
  const head = moments.at(-1)!
  const endpoint = await samples(QUESTIONS, () => {
    const at = moments[dice(moments.length)]!.position
    const view = endpointAt(model, { node: NODE, endpoint: EndpointId(1 + dice(ENDPOINTS)), at })
    if (view !== null && view.policyMap.size === 0) throw new Error('an endpoint without a map')
  })
  return {
    endpoint,
    world: median(await samples(WORLDS, () => void worldFrom(model, moments[dice(moments.length)]!.position))),
    head: median(await samples(WORLDS, () => void worldFrom(model, head.position))),
    ...(await whoDidIt(history, head, dice)),
    diffs: await diffing(history, moments),
    bisect: await bisecting(history, moments),
  }
}

async function whoDidIt(history: History, head: Moment, dice: Dice): Promise<Pick<Asked, 'blame' | 'history'>> {
  const asked = Array.from({ length: QUESTIONS / 3 }, () => {
    const endpoint = EndpointId(1 + dice(ENDPOINTS))
    const view = endpointAt(history.model, { node: NODE, endpoint, at: head.position })!
    const key = [...view.policyMap.keys()][dice(view.policyMap.size)]!
    return { node: NODE, endpoint, key, at: head.position }
  })
  let [one, all] = [0, 0]
  return {
    blame: await samples(asked.length, () => blame(history, asked[one++ % asked.length]!)),
    history: await samples(asked.length, () => entryHistory(history, { ...asked[all++ % asked.length]!, limit: 10 })),
  }
}

async function diffing(history: History, moments: readonly Moment[]): Promise<Asked['diffs']> {
  const found: Asked['diffs'][number][] = []
  for (const changes of DIFFS) {
    const pairs: (readonly [Moment, Moment])[] = []
    for (const part of [0.2, 0.35, 0.5]) {
      const from = moments[Math.floor(moments.length * part)]!
      const to = await momentAfter(history.log, from, Math.round(changes * EVENTS_FOR_CHANGES))
      if (to !== null) pairs.push([from, to])
    }
    if (pairs.length < 3) continue
    let turn = 0
    const costs = await samples(changes > 1_000 ? 9 : 60, () => {
      const [from, to] = pairs[turn++ % pairs.length]!
      return diffMoments(history, { from, to })
    })
    found.push({ changes, us: median(costs) })
  }
  return found
}

async function momentAfter(log: EventLog, from: Moment, events: number): Promise<Moment | null> {
  let left = events
  for await (const batch of log.readAll({ direction: 'forwards', after: from.position, limit: events })) {
    left -= batch.length
    if (left === 0) return batch.at(-1)!
  }
  return null
}

/** When did an entry go that was there at the beginning? Over the whole log. */
async function bisecting(history: History, [good, ...rest]: readonly Moment[]): Promise<Asked['bisect']> {
  const bad = rest.at(-1)!
  const { endpoint, key } = vanished(history, bad.position)
  let evaluations = 0
  const us = await cpuUs(() =>
    bisectBy(history, { good: good!, bad }, async (at) => {
      evaluations += 1
      return endpointAt(history.model, { node: NODE, endpoint, at })!.policyMap.has(key)
    }),
  )
  return { evaluations, us }
}

export type Vanished = { readonly endpoint: EndpointId; readonly key: string; readonly port: number }

/** An entry for identity 1000 that was there at the beginning and is gone at the end. */
export function vanished({ model }: History, head: Position): Vanished {
  for (let number = 1; number <= ENDPOINTS; number += 1) {
    const endpoint = EndpointId(number)
    const mapAt = (at: Position) => endpointAt(model, { node: NODE, endpoint, at })!.policyMap
    const after = mapAt(head)
    for (const [key, entry] of mapAt(BigInt(SETTLED_EVENTS) as Position)) {
      if (entry.key.identity === 1_000 && !after.has(key)) return { endpoint, key, port: entry.key.port }
    }
  }
  throw new Error('no entry of identity 1000 ever went')
}

/** Microseconds of processor time of each; what comes before warms up. */
async function samples(count: number, work: () => unknown): Promise<readonly number[]> {
  const warmUp = Math.ceil(count / 3)
  const found: number[] = []
  for (let n = 0; n < warmUp + count; n += 1) found.push(await cpuUs(work))
  return found.slice(warmUp)
}

/** Spread over the log, and its head. Positions of the embedded log are dense. */
async function someMoments(log: EventLog, events: number): Promise<readonly Moment[]> {
  const step = Math.max(1, Math.floor((events - SETTLED_EVENTS) / MOMENTS))
  const moments: Moment[] = []
  for (let after = SETTLED_EVENTS; after < events; after += step) {
    for await (const [found] of log.readAll({ direction: 'forwards', after: BigInt(after) as Position, limit: 1 })) {
      if (found !== undefined) moments.push({ position: found.position, recordedAt: found.recordedAt })
    }
  }
  for await (const [last] of log.readAll({ direction: 'backwards', after: null, limit: 1 })) moments.push(last!)
  return moments
}

function random(seed: number): Dice {
  let state = seed | 1
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

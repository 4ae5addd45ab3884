/** Which of the recorded flows are asked: those of a window of time, at most the last so many; read page by page. */
import type { Timestamp } from '../../../events/ids.ts'
import type { Flow, FlowQuery, FlowStore } from '../../ports/flows.ts'

/** Null: not bounded there. */
export type FlowWindow = {
  readonly since: Timestamp | null
  readonly until: Timestamp | null
  readonly last: number | null
}

/** Times of the oldest and the newest flow that the store holds. */
export type Kept = { readonly from: Timestamp; readonly to: Timestamp }

type Reader = Pick<FlowStore, 'query'>

/** Throws `FlowStoreError`. */
export async function* flowPages(store: Reader, { since, until, last }: FlowWindow): AsyncIterable<readonly Flow[]> {
  const range: FlowQuery = { ...(since === null ? {} : { since }), ...(until === null ? {} : { until }) }
  for (let after = last === null ? 0 : await idBefore(store, range, last); ; ) {
    const page = await store.query({ ...range, sinceId: after })
    if (page.length === 0) return
    yield page
    after = page.at(-1)!.id
  }
}

/** Ids are given one after another, so the last so many begin at a known one. */
async function idBefore(store: Reader, range: FlowQuery, last: number): Promise<number> {
  const [newest] = await store.query({ ...range, last: 1 })
  return Math.max(0, (newest?.id ?? 0) - last)
}

/** Null where it holds none. Throws `FlowStoreError`. */
export async function keptFlows(store: Reader): Promise<Kept | null> {
  const [oldest] = await store.query({ first: 1 })
  const [newest] = await store.query({ last: 1 })
  return oldest === undefined || newest === undefined ? null : { from: oldest.time, to: newest.time }
}

/** Positions and flows of one played demo, by what happened at them: another play has others. */
import { decodeEvent } from '../../events/codec.ts'
import type { Recorded } from '../../events/recorded.ts'
import { openFlowReader } from '../../src/flows/sqlite.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'

export type Fact = Readonly<Record<string, unknown>>
export type DemoFacts = Readonly<Record<string, string>>

const DEATHSTAR = 863

export async function factsOfDemo(log: string, flows: string): Promise<DemoFacts> {
  const events = await eventsOf(log)
  const at = (found: Recorded | undefined): string => String(found?.position)
  const isOf = ({ event }: Recorded, type: Recorded['event']['type']): boolean =>
    event.type === type && (!('endpoint' in event) || event.endpoint === DEATHSTAR)
  const added = events.findIndex((one) => isOf(one, 'PolicyAdded'))
  const deleted = events.findIndex((one) => isOf(one, 'PolicyDeleted'))
  const after = (index: number, type: Recorded['event']['type']): string =>
    at(events.slice(index).find((one) => isOf(one, type)))
  return {
    added: at(events[added]),
    first: at(events[added - 1]),
    reacted: after(added, 'EndpointRegenerationStarted'),
    written: after(added, 'PolicyMapWritten'),
    realised: after(added, 'EndpointRegenerationSucceeded'),
    second: at(events[deleted - 1]),
    deleted: at(events[deleted]),
    head: at(events.at(-1)),
    ...(await flowsOf(flows)),
  }
}

async function eventsOf(path: string): Promise<readonly Recorded[]> {
  await using log = openSqliteLog({ path, now: () => 0 as never, readOnly: true })
  const events: Recorded[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) events.push(...batch.map(decodeEvent))
  return events
}

/** The first request that the proxy refused, and the first connection that was dropped. */
async function flowsOf(path: string): Promise<DemoFacts> {
  const dropped = await openFlowReader(path).query({ verdict: 'DROPPED', last: 1_000 })
  const [refused, denied] = [dropped.find(({ http }) => http !== null), dropped.find(({ http }) => http === null)]
  return { refused: String(refused?.id), denied: String(denied?.id) }
}

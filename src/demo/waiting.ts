/** Waits until every endpoint on the log is ready at a revision: with a limit, and never for a fixed time. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Position } from '../../events/ids.ts'
import type { World } from '../../projections/world.ts'
import { now, openLogToRead } from '../cli/compose.ts'
import { resolveMoment } from '../history/position.ts'
import { worldAt } from '../history/state-at.ts'
import type { EventLog } from '../ports/log.ts'
import { CAST } from './cast.ts'

const LIMIT_MS = 30_000
const LOOK_MS = 20

export type Wanted = {
  readonly state: string
  readonly revision: number
  /** Builds before this position do not count; null: all do. */
  readonly builtAfter: Position | null
  /** False ends the waiting: nobody is there to do it. */
  readonly alive: () => boolean
  readonly stop: AbortSignal
}

export async function realized(wanted: Wanted): Promise<{ readonly ok: boolean; readonly seen: string }> {
  const limit = performance.now() + LIMIT_MS
  for (;;) {
    const seen = await missing(wanted)
    if (seen === null) return { ok: true, seen: `${CAST.length} endpoints ready at revision ${wanted.revision}` }
    if (!wanted.alive()) return { ok: false, seen: `the agent ended; ${seen}` }
    if (performance.now() > limit) return { ok: false, seen: `after ${LIMIT_MS / 1_000} s ${seen}` }
    await sleep(LOOK_MS, undefined, { signal: wanted.stop })
  }
}

/** Null when nothing is. */
async function missing({ state, revision, builtAfter }: Wanted): Promise<string | null> {
  await using log = await openLogToRead({ log: undefined, state })
  const outcome = await resolveMoment({ log, now: now(), at: null })
  if (outcome.kind !== 'found') return outcome.reason
  const late = behind(await worldAt(log, outcome.moment), revision)
  return late ?? (builtAfter === null ? null : await unbuilt(log, builtAfter))
}

async function unbuilt(log: EventLog, after: Position): Promise<string | null> {
  const built = new Set<string>()
  const types = ['EndpointRegenerationSucceeded']
  for await (const batch of log.readAll({ direction: 'forwards', after, types })) {
    for (const { stream } of batch) built.add(stream)
  }
  return built.size < CAST.length ? `${built.size} endpoints of ${CAST.length} were built anew` : null
}

function behind(world: World, revision: number): string | null {
  const endpoints = [...world.nodes.values()].flatMap((node) => [...node.endpoints.values()])
  if (world.revision < revision) return `the repository is at revision ${world.revision}`
  if (endpoints.length < CAST.length) return `${endpoints.length} endpoints of ${CAST.length} are known`
  const late = endpoints.filter((one) => one.state !== 'ready' || (one.revision ?? 0) < revision)
  if (late.length === 0) return null
  return late.map((one) => `${one.name} is ${one.state} at revision ${one.revision ?? 'none'}`).join(', ')
}

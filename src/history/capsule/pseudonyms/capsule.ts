/** A capsule under pseudonyms. It is looked at before it is handed out: what the log decided must come out again under the new names. */

import { canonicalText } from '../../../../events/canonical.ts'
import type { StoredEvent } from '../../../../events/codec.ts'
import { NodeName, Position, type Timestamp } from '../../../../events/ids.ts'
import type { Json } from '../../../../events/schema.ts'
import { nodeOfStream } from '../../../../projections/world.ts'
import type { Mismatch } from '../../replay/mismatch.ts'
import { replay } from '../../replay/replay.ts'
import { CapsuleError } from '../capsule-error.ts'
import { CapsuleLog } from '../capsule-log.ts'
import type { ExportQuestion } from '../export.ts'
import type { Capsule } from '../format.ts'
import { stateDigest } from '../state.ts'
import { Renaming } from './events.ts'
import { sameButForOrder } from './message.ts'
import { Pseudonyms } from './names.ts'

/** Throws `CapsuleError` where something cannot be renamed, or would be decided otherwise under other names. */
export async function pseudonymousCapsule(
  plain: Capsule,
  { key, openModel }: { readonly key: Uint8Array } & Pick<ExportQuestion, 'openModel'>,
): Promise<Capsule> {
  const { header } = plain
  const names = new Pseudonyms(key)
  const { events, flows } = await settled(plain, names)
  using model = await openModel(logOf(header, events))
  return {
    header: {
      ...header,
      stateAtStart: stateDigest(model, Position(BigInt(header.from.position))),
      stateAtEnd: stateDigest(model, Position(BigInt(header.to.position))),
      flows: header.flows === null ? null : { ...header.flows, node: names.name(header.flows.node) },
    },
    events,
    flows,
  }
}

type Content = Pick<Capsule, 'events' | 'flows'>

/**
 * What a proxy was told is in an order that follows from names in part: where it does, it is told in that of the new ones. One pass finds all of these,
 * a second one is the proof.
 */
async function settled(plain: Capsule, names: Pseudonyms): Promise<Content> {
  const instead = new Map<string, Json>()
  const first = renamed(plain, names, instead)
  const passes = (found: Mismatch): boolean => {
    if (isOrder(found)) instead.set(canonicalText(found.recorded), found.recomputed)
    return true
  }
  await replayed(logOf(plain.header, first.events), passes)
  const last = instead.size === 0 ? first : renamed(plain, names, instead)
  const left = await mismatchesIn(logOf(plain.header, last.events))
  if (left.size === 0) return last
  // What does not come out on the log itself need not come out here.
  const before = await mismatchesIn(logOf(plain.header, plain.events))
  for (const [place, reason] of left) {
    if (before.has(place)) continue
    throw new CapsuleError('capsule-not-renamed', `under other names ${place} comes out otherwise: ${reason}`)
  }
  return last
}

function isOrder({ kind, recorded, recomputed }: Mismatch): boolean {
  return kind === 'network-policy' && sameButForOrder(recorded, recomputed)
}

function renamed({ events, flows }: Capsule, names: Pseudonyms, instead: ReadonlyMap<string, Json>): Content {
  const renaming = new Renaming(names, instead)
  try {
    return { events: events.map((stored) => renaming.event(stored)), flows: flows.map((flow) => renaming.flow(flow)) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CapsuleError('capsule-not-renamed', `there is no pseudonym for ${error.message}`, { cause: error })
  }
}

function logOf({ from, engine }: Capsule['header'], events: readonly StoredEvent[]): CapsuleLog {
  const begins = { position: Position(BigInt(from.position)), recordedAt: from.time as Timestamp }
  return new CapsuleLog({ location: 'a capsule', begins, engine, events })
}

/** Reasons, by position and kind. */
async function mismatchesIn(log: CapsuleLog): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  await replayed(log, ({ event, kind, endpoint, reason }) => {
    found.set(`${event.position}, the ${kind}${endpoint === null ? '' : ` of endpoint ${endpoint}`}`, reason)
    return true
  })
  return found
}

async function replayed(log: CapsuleLog, passes: (found: Mismatch) => boolean): Promise<void> {
  const nodes = new Set<NodeName>()
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) {
    for (const { stream } of batch) {
      const node = nodeOfStream(stream)
      if (node !== null) nodes.add(NodeName(node))
    }
  }
  if (nodes.size === 0) return
  await replay({ log, from: log.begins.position, to: null, endpoint: null, nodes: [...nodes], passes })
}

/** What a proxy had taken where it had not yet taken what it was told last: the publication of before, and its acknowledgement. */
import { canonicalText } from '../../../events/canonical.ts'
import type { Position } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import type { UnitName } from '../../../projections/history/entities.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import type { Gathered } from './gathered.ts'
import type { Standing } from './prune.ts'

/** Publications of one resource that its proxy had not answered, one after the other. */
const UNANSWERED_MAX = 64
/** Events between a publication and what a proxy says of it. */
const ANSWER_EVENTS_MAX = 1_024

/** `<unit>\n<entity>` to the position of the version that its proxy had. */
export type Acknowledged = ReadonlyMap<string, Position>

export async function addAcknowledged(found: Gathered, model: ReadModel, standing: Standing): Promise<Acknowledged> {
  const acked = new Map<string, Position>()
  for (const [unit, since] of standing) {
    const waiting = [...since.keys()].filter((entity) => entity.startsWith('unacked '))
    if (waiting.length === 0) continue
    const values = model.entities(unit, found.upTo, (entity) => entity.startsWith('unacked '))
    for (const [entity, { value }] of values) {
      const had = (value as { readonly acked?: Json }).acked ?? null
      const published = entity.replace(/^unacked /, 'xds ')
      const position = had === null ? null : versionOf(model, { unit, entity: published, value: had, upTo: found.upTo })
      if (position === null) continue
      acked.set(`${unit}\n${published}`, position)
      await found.at(position)
    }
  }
  await addPublications(found)
  return acked
}

function versionOf(
  model: ReadModel,
  {
    unit,
    entity,
    value,
    upTo,
  }: { readonly unit: UnitName; readonly entity: string; readonly value: Json; readonly upTo: Position },
): Position | null {
  const wanted = canonicalText(value)
  const versions = model.versions({ unit, entity, upTo, limit: UNANSWERED_MAX })
  return versions.find((version) => version.value !== null && canonicalText(version.value) === wanted)?.position ?? null
}

/** An acknowledgement counts only for the version that is served. */
async function addPublications(found: Gathered): Promise<void> {
  for (const { type, stream, revision, body } of found.events()) {
    if (type !== 'XdsAcked' && type !== 'XdsNacked') continue
    const { xds, version } = JSON.parse(body) as { readonly xds: string; readonly version: string }
    let looked = 0
    for await (const stored of found.backwards(stream, revision)) {
      looked += 1
      if (looked > ANSWER_EVENTS_MAX) break
      if (stored.type !== 'XdsPublished') continue
      const published = JSON.parse(stored.body) as { readonly xds: string; readonly version: string }
      if (published.xds !== xds || published.version !== version) continue
      found.keep(stored)
      break
    }
  }
}

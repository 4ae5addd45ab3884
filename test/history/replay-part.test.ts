/** A replay of a part of a log: from the state that the read model has, and what it then finds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import { decodeEvent, encodeEvent, type StoredEvent } from '../../events/codec.ts'
import { NodeName, type Position } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { paceLine } from '../../src/cli/render/pace.ts'
import { CapsuleLog } from '../../src/history/capsule/capsule-log.ts'
import { type Replay, replay } from '../../src/history/replay/replay.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { MemoryStates } from '../doubles/saved-states.ts'
import { changingPolicies } from './changing-policies.ts'

async function recordsOf(log: EventLog): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) found.push(...batch)
  return found
}

/** The same log in memory, with one event replaced. */
function withEvent(
  events: readonly StoredEvent[],
  position: Position,
  change: (recorded: Recorded) => Recorded,
): EventLog {
  const changed = events.map((stored) => {
    if (stored.position !== position) return stored
    const { event, id, context } = change(decodeEvent(stored))
    return { ...stored, ...encodeEvent({ id, event, context }) }
  })
  const begins = { position: events[0]!.position, recordedAt: events[0]!.recordedAt }
  return new CapsuleLog({ location: 'a changed log', begins, engine: '0', events: changed })
}

const LEAD = 60
const total = ({ checked: { builds, maps, reactions } }: Replay): number => builds + maps + reactions

test('T50 a part that is replayed from the read model finds what the replay of the whole log finds there', async () => {
  for (const seed of [3, 4]) {
    await using rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
    await changingPolicies(rig, seed)
    const events = await recordsOf(rig.log)
    using model = await openReadModel(rig.log, IN_MEMORY)
    const question = { log: rig.log, to: null, endpoint: null, nodes: [NODE] }
    for (let index = LEAD + 1; index < events.length; index += 53) {
      const from = events[index]!.position
      const [whole, part] = [
        await replay({ ...question, from }),
        await replay({ ...question, from, model, lead: LEAD }),
      ]
      assert.equal(part.mismatch, null, `seed ${seed} from ${from}: ${JSON.stringify(part.mismatch)}`)
      assert.equal(part.startedAfter, String(events[index - LEAD]!.position))
      assert.ok(part.events < whole.events)
      const lost = total(whole) - total(part)
      assert.ok(lost >= 0 && lost <= part.checked.notRecomputed + 2, `${seed} ${from} ${JSON.stringify([whole, part])}`)
    }
  }
})

test('T23 so does a log whose agents began at a checkpoint', async () => {
  for (const seed of [21, 22]) {
    const states = new MemoryStates()
    const options = { checkpointEveryEvents: 10 }
    await using rig = new Rig({ states, options, policies: () => new EnginePolicyView(NODE) })
    await changingPolicies(rig, seed)
    assert.ok(states.saved.size > 0)
    const found = await replay({ log: rig.log, from: null, to: null, endpoint: null, nodes: [NODE] })
    assert.equal(found.mismatch, null, `seed ${seed}: ${JSON.stringify(found.mismatch)}`)
  }
})

test('T50 what was changed in the part is found from its start as from the beginning', async () => {
  await using rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
  await changingPolicies(rig, 8)
  const events = await recordsOf(rig.log)
  const written = events.filter(({ type }) => type === 'EndpointRegenerationSucceeded').slice(-6, -1)
  assert.equal(written.length, 5)
  for (const { position } of written) {
    const log = withEvent(events, position, (recorded) => {
      const event = recorded.event as Extract<Recorded['event'], { type: 'EndpointRegenerationSucceeded' }>
      return { ...recorded, event: { ...event, desiredDigest: digestOf('another map') } }
    })
    using model = await openReadModel(log, IN_MEMORY)
    const from = events[events.findIndex((one) => one.position === position) - 20]!.position
    const question = { log, from, to: null, endpoint: null, nodes: [NODE] }
    const [whole, part] = [await replay(question), await replay({ ...question, model, lead: LEAD })]
    assert.equal(whole.mismatch?.event.position, String(position))
    assert.deepEqual(part.mismatch, whole.mismatch)
    assert.notEqual(part.startedAfter, null)
  }
})

test('T50 events of other nodes cost nothing but their endpoints, and a node that is not on the log has nothing to replay', async () => {
  await using rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
  await rig.operator.addEndpoint(9, 'k8s:team=1', NodeName('elsewhere'))
  await changingPolicies(rig, 9)
  const nodes = [NODE, NodeName('elsewhere'), NodeName('nowhere')]
  const found = await replay({ log: rig.log, from: null, to: null, endpoint: null, nodes })
  const alone = await replay({ log: rig.log, from: null, to: null, endpoint: null, nodes: [NODE] })
  assert.equal(found.mismatch, null)
  assert.deepEqual(found.checked, alone.checked)
})

test('T51 progress says the rate, and where a person watches how long the rest may take', () => {
  const pace = { events: 300_000, elapsedMs: 3_000 }
  const line = (isWatched: boolean): string =>
    paceLine(
      'replayed',
      { ...pace, position: 400n as Position, first: 100n as Position, last: 1_000n as Position },
      { isWatched },
    )
  assert.equal(line(false), '300000 events replayed, 100000 events/s\n')
  assert.equal(line(true), '300000 events replayed, 100000 events/s, about 6 s to go\n')
})

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { decodeEvent } from '../../events/codec.ts'
import { Position } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { step } from '../../projections/projection.ts'
import { type World, world } from '../../projections/world.ts'
import { endpointAt, worldFrom } from '../../src/history/state-at.ts'
import type { EventLog } from '../../src/ports/log.ts'
import type { ReadModel } from '../../src/ports/read-model.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { plainWorld } from './plain-world.ts'
import { chance, randomLog, randomStory, tell } from './random-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-read-model-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function freshPath(): string {
  files += 1
  return join(folder, `${files}.readmodel`)
}

async function eventsOf(log: EventLog): Promise<readonly Recorded[]> {
  const events: Recorded[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) events.push(...batch.map(decodeEvent))
  return events
}

/** The world after each event, by the plain fold. */
async function worldsOf(log: EventLog): Promise<readonly { readonly at: Position; readonly state: World }[]> {
  let state = world.initial
  return (await eventsOf(log)).map((recorded) => {
    state = step(world, state, recorded)
    return { at: recorded.position, state }
  })
}

function shuffled<T>(values: readonly T[], seed: number): readonly T[] {
  const dice = chance(seed)
  return values
    .map((value) => ({ value, key: dice(1e9) }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)
}

/** Everything that the model says, so that two builds can be compared. */
function said(model: ReadModel, at: Position): unknown {
  return model.units(at).map((unit) => [unit, [...model.entities(unit, at)].toSorted(([a], [b]) => (a < b ? -1 : 1))])
}

/** As many as fit into seconds; each is asked about, in an order of its own. */
const EVERY = 620

test('T8 the state at every position, asked in any order, is the fold of the events up to it', async () => {
  for (const seed of [1, 2, 3]) {
    const log = await randomLog(seed, EVERY)
    const path = freshPath()
    using model = await openReadModel(log, path)
    const worlds = (await worldsOf(log)).map(({ at, state }) => ({ at, expected: plainWorld(state) }))
    for (const { at, expected } of shuffled(worlds, seed))
      assert.equal(plainWorld(worldFrom(model, at)), expected, `seed ${seed}, position ${at}`)
    const checkpoints = emptied(path, 'checkpoints')
    assert.ok(checkpoints > 0, 'there were some')
    using without = await openReadModel(log, path)
    for (const { at, expected } of shuffled(worlds, seed + 10))
      assert.equal(plainWorld(worldFrom(without, at)), expected, `seed ${seed}, position ${at}, without checkpoints`)
  }
})

/** Gives the number of rows that it had. */
function emptied(path: string, table: string): number {
  using database = new DatabaseSync(path)
  return Number(database.prepare(`DELETE FROM ${table}`).run().changes)
}

test('T8 between two events the older one answers, and before the first there is nothing', async () => {
  const log = await randomLog(4, 200)
  using model = await openReadModel(log, IN_MEMORY)
  const worlds = await worldsOf(log)
  for (const { at, state } of worlds) {
    assert.equal(plainWorld(worldFrom(model, Position(at + 1n))), plainWorld(state))
  }
  assert.equal(plainWorld(worldFrom(model, Position(worlds[0]!.at - 1n))), plainWorld(world.initial))
})

test('T8 one endpoint alone is as in the whole world', async () => {
  const log = await randomLog(5, 2_000)
  using model = await openReadModel(log, IN_MEMORY)
  for (const { at, state } of shuffled(await worldsOf(log), 5).slice(0, 300)) {
    for (const [node, { endpoints }] of state.nodes) {
      for (const [id, expected] of endpoints) {
        const found = endpointAt(model, { node, endpoint: id, at })
        assert.deepEqual(
          { ...found, policyMap: [...found!.policyMap].sort() },
          { ...expected, policyMap: [...expected.policyMap].sort() },
        )
      }
      assert.equal(endpointAt(model, { node, endpoint: 99 as never, at }), null)
    }
  }
})

test('T9 versions and since-when are those of the events that changed something', async () => {
  const log = await randomLog(6, 2_000)
  using model = await openReadModel(log, IN_MEMORY)
  const worlds = await worldsOf(log)
  const head = worlds.at(-1)!.at
  for (const unit of model.units(head)) {
    for (const [entity, { position }] of model.entities(unit, head)) {
      const [last, before] = model.versions({ unit, entity, upTo: head, limit: 2 })
      assert.equal(last!.position, position)
      const [at] = model.versions({ unit, entity, upTo: position, limit: 1 })
      assert.deepEqual(at, last)
      if (before !== undefined)
        assert.notDeepEqual(before.value, last!.value, `${unit} ${entity} changed at ${position}`)
      assert.ok(model.changed({ unit, after: Position(position - 1n), upTo: position }).includes(entity))
      assert.ok(!model.changed({ unit, after: position, upTo: head }).includes(entity))
    }
  }
})

test('T10 a model that follows the log in steps says the same as one built at once', async () => {
  const story = randomStory(7, 2_400)
  const log = await randomLog(7, 0)
  const path = freshPath()
  const dice = chance(7)
  for (let told = 0; told < story.length; ) {
    const some = 1 + dice(200)
    await tell(log, story.slice(told, told + some))
    told += some
    using model = await openReadModel(log, path)
    assert.equal(model.builtTo(), await log.head())
  }
  using stepwise = await openReadModel(log, path)
  using atOnce = await openReadModel(log, IN_MEMORY)
  for (const { at } of shuffled(await worldsOf(log), 7).slice(0, 200))
    assert.deepEqual(said(stepwise, at), said(atOnce, at))
  assert.deepEqual(allVersions(stepwise), allVersions(atOnce))
})

/** Of every entity that there ever was. */
function allVersions(model: ReadModel): unknown {
  const upTo = model.builtTo()!
  return model
    .units(upTo)
    .map((unit) =>
      model
        .changed({ unit, after: Position(0n), upTo })
        .map((entity) => [unit, entity, model.versions({ unit, entity, upTo, limit: 1e6 })]),
    )
}

test('T10 every change is a version, however the index was put together', async () => {
  const story = randomStory(15, 3_000)
  const log = await randomLog(15, 0)
  const path = freshPath()
  for (let told = 0; told < story.length; told += 50) {
    await tell(log, story.slice(told, told + 50))
    using model = await openReadModel(log, path)
    assert.equal(model.builtTo(), await log.head())
  }
  using model = await openReadModel(log, path)
  const upTo = model.builtTo()!
  const dice = chance(15)
  for (const unit of model.units(upTo)) {
    for (const entity of model.changed({ unit, after: Position(0n), upTo })) {
      const positions = model.changePositions({ unit, after: Position(0n), upTo }, (name) => name === entity)
      const versions = model.versions({ unit, entity, upTo, limit: 1e6 })
      assert.deepEqual(
        versions.map(({ position }) => position),
        positions.toReversed(),
      )
      const from = dice(versions.length)
      const [limit, at] = [1 + dice(3), versions[from]!.position]
      assert.deepEqual(model.versions({ unit, entity, upTo: at, limit }), versions.slice(from, from + limit))
    }
  }
})

test('T10 a model that stays open takes in what the log gains', async () => {
  const log = await randomLog(8, 100)
  using model = await openReadModel(log, freshPath())
  await tell(log, randomStory(9, 100))
  const before = model.builtTo()
  await model.catchUp(log)
  assert.ok(model.builtTo()! > before!)
  assert.equal(plainWorld(worldFrom(model, model.builtTo()!)), plainWorld((await worldsOf(log)).at(-1)!.state))
})

test('T11 a model of another log, fold, shape, or of a log that lost its end, and a damaged file are made anew', async () => {
  const log = await randomLog(10, 400)
  const expected = plainWorld((await worldsOf(log)).at(-1)!.state)
  const path = freshPath()
  const rebuilt = async (): Promise<void> => {
    using model = await openReadModel(log, path)
    assert.equal(plainWorld(worldFrom(model, model.builtTo()!)), expected)
  }
  await rebuilt()
  const sql = (text: string): void => {
    const database = new DatabaseSync(path)
    database.exec(text)
    database.close()
  }
  using other = await openReadModel(await randomLog(11, 700), path)
  other[Symbol.dispose]()
  await rebuilt()
  sql("UPDATE meta SET value = 'world@0' WHERE name = 'projection'; UPDATE vals SET json = '0'")
  await rebuilt()
  sql("UPDATE meta SET value = '99999999' WHERE name = 'position'; DELETE FROM chunks")
  await rebuilt()
  sql('PRAGMA user_version = 99; DROP TABLE chunks')
  await rebuilt()
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(0x5a, 0, 4_096))
  await rebuilt()
  writeFileSync(path, 'this is not a database, but somebody put it here')
  await rebuilt()
})

test('T11 an emptied file in the middle of a build is built from the beginning', async () => {
  const log = await randomLog(12, 400)
  const path = freshPath()
  using first = await openReadModel(log, path)
  const told1 = said(first, first.builtTo()!)
  first[Symbol.dispose]()
  const database = new DatabaseSync(path)
  for (const table of ['meta', 'units', 'keys', 'vals', 'checkpoints', 'chunks', 'versions'])
    database.exec(`DELETE FROM ${table}`)
  database.close()
  using second = await openReadModel(log, path)
  assert.deepEqual(said(second, second.builtTo()!), told1)
})

test('T12 builders at the same time do not harm one another, and answers come from one state of the file', async () => {
  const log = await randomLog(13, 25_000)
  const path = freshPath()
  const models = await Promise.all(Array.from({ length: 4 }, () => openReadModel(log, path)))
  using alone = await openReadModel(log, IN_MEMORY)
  const at = alone.builtTo()!
  for (const model of models) assert.deepEqual(said(model, at), said(alone, at))
  const [kept, ...rest] = models
  const before = said(kept!, at)
  const database = new DatabaseSync(path)
  database.exec('DELETE FROM chunks; DELETE FROM checkpoints')
  database.close()
  assert.deepEqual(said(kept!, at), before)
  for (const model of [kept!, ...rest]) model[Symbol.dispose]()
})

test('T13 revisions and tags are found without reading the log', async () => {
  const log = await randomLog(14, 1_500)
  await tell(log, [['policy' as never, { type: 'PositionTagged', v: 1, name: 'trench-run', position: '700' }]])
  using model = await openReadModel(log, IN_MEMORY)
  for (const { event, position } of await eventsOf(log)) {
    if (event.type !== 'PolicyAdded' && event.type !== 'PolicyDeleted') continue
    assert.equal(model.revisionAt(event.revision), position)
  }
  assert.equal(model.revisionAt(99_999), null)
  assert.deepEqual([model.tag('trench-run'), model.tag('nothing')], [Position(700n), null])
})

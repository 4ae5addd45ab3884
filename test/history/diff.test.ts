import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../events/schema.ts'
import { applyChanges, inverted, jsonDifferences } from '../../projections/history/changes.ts'
import { type Entities, type UnitName, worldOf } from '../../projections/history/entities.ts'
import { policyDifferences } from '../../projections/history/policy-difference.ts'
import { diffMoments } from '../../src/history/diff.ts'
import type { History } from '../../src/history/history.ts'
import type { Moment } from '../../src/history/position.ts'
import { valuesOf, worldFrom } from '../../src/history/state-at.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { plainWorld } from './plain-world.ts'
import { chance, randomLog } from './random-story.ts'

async function randomHistory(seed: number, length: number): Promise<History & { readonly moments: readonly Moment[] }> {
  const log = await randomLog(seed, length)
  const moments: Moment[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) moments.push(...batch)
  return { log, model: await openReadModel(log, IN_MEMORY), moments }
}

function unitsAt({ model }: History, { position }: Moment): ReadonlyMap<UnitName, Entities> {
  return new Map(model.units(position).map((unit) => [unit, valuesOf(model.entities(unit, position))]))
}

function worldOfUnits(units: ReadonlyMap<UnitName, Entities>): string {
  return plainWorld(worldOf([...units].map(([unit, entities]) => ({ unit, entities }))))
}

test('T15 a diff applied to its first moment gives the second, and taken back the first again, near or far', async () => {
  for (const seed of [30, 31]) {
    const history = await randomHistory(seed, 2_000)
    const dice = chance(seed)
    for (let round = 0; round < 150; round += 1) {
      const [a, b] = [dice(2_000), round % 2 === 0 ? dice(2_000) : null]
      const [from, to] = [history.moments[a]!, history.moments[b ?? Math.min(1_999, a + dice(20))]!]
      const changes = await diffMoments(history, { from, to })
      const [before, after] = [unitsAt(history, from), unitsAt(history, to)]
      const forth = applyChanges(before, changes)
      assert.equal(withoutEmpty(forth), withoutEmpty(after), `${from.position}..${to.position}`)
      assert.equal(withoutEmpty(applyChanges(forth, inverted(changes))), withoutEmpty(before))
    }
  }
})

/** A node that is only known by name has no entity that could come or go. */
function withoutEmpty(units: ReadonlyMap<UnitName, Entities>): string {
  return worldOfUnits(new Map([...units].filter(([, entities]) => entities.size > 0)))
}

test('T15 a diff of a moment with itself is empty, and with the empty log it is everything', async () => {
  const history = await randomHistory(32, 600)
  const head = history.moments.at(-1)!
  assert.deepEqual(await diffMoments(history, { from: head, to: head }), [])
  const all = await diffMoments(history, { from: null, to: head })
  assert.ok(all.every(({ before }) => before === null))
  assert.equal(withoutEmpty(applyChanges(new Map(), all)), withoutEmpty(unitsAt(history, head)))
  assert.equal(plainWorld(worldFrom(history.model, head.position)), worldOfUnits(unitsAt(history, head)))
})

test('T15 a change that does not fit is refused', () => {
  const units = new Map([['identity', new Map<string, Json>([['identity 300', 1]])]])
  const change = { unit: 'identity', entity: 'identity 300', before: 2, after: 3 }
  assert.throws(() => applyChanges(units, [change]), /identity 300 of identity is not as the change has it/)
})

test('T16 policies are compared rule by rule: a moved rule is no difference, an edited one is one', () => {
  const [web, db, client] = [{ toPorts: ['80'] }, { toPorts: ['5432'] }, { toPorts: ['443'] }]
  const manifest = (ingress: readonly Json[], name = 'app'): Json => ({
    kind: 'CiliumNetworkPolicy',
    metadata: { name },
    spec: { endpointSelector: {}, ingress },
  })
  assert.deepEqual(policyDifferences(manifest([web, db]), manifest([db, web])), [])
  assert.deepEqual(policyDifferences(manifest([web, db]), manifest([db])), [
    { path: '/spec/ingress/0', before: web, after: undefined },
  ])
  assert.deepEqual(policyDifferences(manifest([web, db]), manifest([web, client])), [
    { path: '/spec/ingress/1', before: db, after: client },
  ])
  assert.deepEqual(policyDifferences(manifest([web]), manifest([web], 'other')), [
    { path: '/metadata/name', before: 'app', after: 'other' },
  ])
  const come = policyDifferences(null, manifest([web])).map(({ path }) => path)
  assert.deepEqual(come, ['/kind', '/metadata', '/spec/endpointSelector', '/spec/ingress/0'])
})

test('T16 other JSON is compared down to the members that differ', () => {
  const before = { a: 1, b: { c: [1, 2], 'd/e': 'x' }, f: null, h: [1] }
  const after = { a: 1, b: { c: [1, 3], g: 'new' }, f: null, h: [1, 2] }
  assert.deepEqual(jsonDifferences(before, after), [
    { path: '/b/c/1', before: 2, after: 3 },
    { path: '/b/d~1e', before: 'x', after: undefined },
    { path: '/b/g', before: undefined, after: 'new' },
    { path: '/h', before: [1], after: [1, 2] },
  ])
})

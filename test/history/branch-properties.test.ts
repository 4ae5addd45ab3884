/** What must hold for the branches of every story. A failing seed is in the message: the same seed gives the same story and the same branch. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyMapValue } from '../../events/fields.ts'
import { EndpointId, type IdentityId, IpAddress, Timestamp } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapDigest, policyMapKeyText } from '../../projections/datapath/policy-map.ts'
import type { World } from '../../projections/world.ts'
import { type BlamedEntry, blame } from '../../src/history/blame.ts'
import { BRANCH_VERSION, type Branch, type BranchCommand } from '../../src/history/branch/branch.ts'
import { plannedOf } from '../../src/history/branch/planned.ts'
import { worldOfBranch } from '../../src/history/branch/segment.ts'
import { flowJudge } from '../../src/history/plan/flows.ts'
import { planOf } from '../../src/history/plan/plan.ts'
import { worldFrom } from '../../src/history/state-at.ts'
import type { Flow } from '../../src/ports/flows.ts'
import { NODE } from '../agent/rig.ts'
import { essence, mapChanges, plannedChanges } from './branch-essence.ts'
import { factPositionsOf, type PolicyEvent, policyEventsOf } from './branch-events.ts'
import { branchWorld, Life, randomCommand, resourceOf } from './branch-world.ts'
import { chance } from './random-story.ts'

const STEPS = 12

async function livedThrough(life: Life, seed: number): Promise<ReturnType<typeof chance>> {
  const dice = chance(seed)
  await life.begin()
  for (let step = 0; step < STEPS; step += 1) await life.happen(dice)
  return dice
}

function branchAt(fork: bigint, commands: readonly BranchCommand[]): Branch {
  return { v: BRANCH_VERSION, name: 'what-if', fork: String(fork), commands }
}

const without = ({ position, name }: PolicyEvent): BranchCommand => ({
  kind: 'without',
  position: String(position),
  what: name,
})

test('T90 the world of a branch is the world that a real agent has once the branch is merged', async () => {
  let changed = 0
  for (let seed = 1; seed <= 16; seed += 1) {
    await using life = new Life()
    const dice = await livedThrough(life, seed)
    const fork = await life.rest()
    const { log } = life.rig
    const old = { policies: await policyEventsOf(log), facts: await factPositionsOf(log) }
    const branch = branchAt(
      fork,
      Array.from({ length: 1 + dice(4) }, () => randomCommand(dice, old)),
    )
    using history = await life.history(() => branch)
    const trunk = worldFrom(history.model, fork)
    for (const { endpoints } of trunk.nodes.values())
      assert.ok([...endpoints.values()].every(({ revision }) => revision !== null))
    assert.equal(trunk.nodes.size, 2)
    const before = essence(trunk)
    const branched = await branchWorld(history, branch.name)
    const planned = await plannedOf(history, branch)
    const { plan } = planOf(trunk, planned.policies, planned.facts)
    await life.merge(planned)
    using after = await life.history(() => null)
    const real = essence(worldFrom(after.model, await life.rest()))
    // Where policies contradict each other the last good one is in force, and merged at once some of the steps never were.
    if (JSON.stringify(real).includes('-conflict')) continue
    const imagined = essence(branched)
    assert.deepEqual(mapChanges(trunk, branched), plannedChanges(trunk, plan), `seed ${seed}`)
    // A listener that a step on the way needed stays open.
    const { lds: opened, ...rest } = imagined
    const { lds, ...expected } = real
    assert.deepEqual(rest, expected, `seed ${seed}`)
    assert.ok(
      lds.every((name) => opened.includes(name)),
      `seed ${seed}`,
    )
    // The same twice over: as the index has it, and as it was told.
    assert.deepEqual(essence(await worldOfBranch(history, branch)), imagined, `seed ${seed}`)
    if (JSON.stringify(before) !== JSON.stringify(real)) changed += 1
  }
  assert.ok(changed > 10, `${changed} branches changed something`)
})

function entryIn(world: World, endpoint: EndpointId, { key }: BlamedEntry): PolicyMapValue | undefined {
  return world.nodes.get(NODE)?.endpoints.get(endpoint)?.policyMap.get(policyMapKeyText(key))?.value
}

/** The policy events that blame names behind the entry. */
function blamedEvents({ rules }: BlamedEntry, all: readonly PolicyEvent[]): readonly PolicyEvent[] {
  return all.filter(({ position }) => rules.some(({ policy }) => policy?.position === String(position)))
}

test('T90 without the events that blame names for an entry, of every entry, it is gone or another, unless a later event set the policy again', async () => {
  let [gone, setAgain, ofNobody] = [0, 0, 0]
  for (let seed = 100; seed < 108; seed += 1) {
    await using life = new Life()
    await livedThrough(life, seed)
    const fork = await life.rest()
    const all = await policyEventsOf(life.rig.log)
    using trunk = await life.history(() => null)
    const endpoints = [...(worldFrom(trunk.model, fork).nodes.get(NODE)?.endpoints.keys() ?? [])]
    const worlds = new Map<string, World>()
    for (const endpoint of endpoints) {
      for (const entry of await blame(trunk, { node: NODE, endpoint, key: null, at: fork })) {
        const events = blamedEvents(entry, all)
        if (events.length === 0) {
          ofNobody += 1
          continue
        }
        const branch = branchAt(fork, events.map(without))
        const key = JSON.stringify(branch.commands)
        const world = worlds.get(key) ?? (await worldWithout(life, branch))
        worlds.set(key, world)
        const isSame = JSON.stringify(entryIn(world, endpoint, entry)) === JSON.stringify(entry.value)
        const isSetAgain = events.some(({ name, position }) =>
          all.some((one) => one.name === name && one.position > position),
        )
        if (isSetAgain) setAgain += 1
        else gone += 1
        assert.ok(!isSame || isSetAgain, `seed ${seed} endpoint ${endpoint} ${policyMapKeyText(entry.key)}`)
      }
    }
  }
  assert.ok(gone > 20 && ofNobody > 10, `${gone} entries went, ${setAgain} were set again, ${ofNobody} are nobody's`)
})

async function worldWithout(life: Life, branch: Branch): Promise<World> {
  using history = await life.history(() => branch)
  return await branchWorld(history, branch.name)
}

function digests(world: World): Json {
  const { endpoints, xds } = world.nodes.get(NODE)!
  const maps = [...endpoints].map(([id, { policyMap }]): [string, string] => [String(id), policyMapDigest(policyMap)])
  return { maps: Object.fromEntries(maps), npds: Object.fromEntries(xds.get('npds')?.resources ?? []) }
}

test('T90 an event left out and its policy applied again gives the digests of the log', async () => {
  let [branches, moved] = [0, 0]
  for (let seed = 200; seed < 208; seed += 1) {
    await using life = new Life()
    await livedThrough(life, seed)
    const fork = await life.rest()
    const all = await policyEventsOf(life.rig.log)
    using trunk = await life.history(() => null)
    const before = digests(worldFrom(trunk.model, fork))
    const last = all.filter((event) => all.findLast(({ name }) => name === event.name) === event)
    for (const event of last) {
      if (event.manifest === null) continue
      const again: BranchCommand = { kind: 'set', resource: resourceOf(event.name), manifest: event.manifest }
      const half = await worldWithout(life, branchAt(fork, [without(event)]))
      const whole = await worldWithout(life, branchAt(fork, [without(event), again]))
      assert.deepEqual(digests(whole), before, `seed ${seed} position ${event.position}`)
      branches += 1
      if (JSON.stringify(digests(half)) !== JSON.stringify(before)) moved += 1
    }
  }
  assert.ok(branches > 10 && moved > 6, `${moved} of ${branches} changed something in between`)
})

function flowOf(endpoint: EndpointId, dice: ReturnType<typeof chance>, identities: readonly IdentityId[]): Flow {
  const address = ['192.0.2.70', '198.51.100.3', '203.0.113.2', '10.0.0.123'][dice(4)]!
  const side = { address: IpAddress(address), port: 40_000, identity: identities[dice(identities.length)]! }
  const own = { address: IpAddress('10.0.0.111'), port: [80, 443][dice(2)]!, identity: identities[0]! }
  const isIn = dice(2) === 0
  return {
    id: 1,
    time: Timestamp(0),
    stamp: { position: '1', revision: 1 },
    kind: 'policy-verdict',
    verdict: 'FORWARDED',
    direction: isIn ? 'ingress' : 'egress',
    endpoint,
    source: isIn ? side : own,
    destination: isIn ? own : side,
    protocol: 6,
    dropReason: null,
    matchType: null,
    proxyPort: null,
    http: null,
  } as unknown as Flow
}

test('T90 flows replayed at every position of a story, under a plan of nothing, change nothing', async () => {
  let judged = 0
  for (let seed = 300; seed < 306; seed += 1) {
    await using life = new Life()
    const dice = await livedThrough(life, seed)
    using history = await life.history(() => null)
    for (const position of history.model.changePositions(
      { unit: `node ${NODE}`, after: 0n as never, upTo: await life.rest() },
      () => true,
    )) {
      const world = worldFrom(history.model, position)
      const view = world.nodes.get(NODE)!
      const { plan, policies } = planOf(world, [], [])
      assert.deepEqual([plan.endpoints, plan.policies], [[], []])
      const identities = [2 as IdentityId, ...world.identities.keys(), ...view.localIdentities.keys()]
      const judge = flowJudge({ node: NODE, view, policies, plan })
      for (const endpoint of view.endpoints.keys()) {
        const found = judge(flowOf(EndpointId(endpoint), dice, identities))
        if (typeof found === 'string') continue
        judged += 1
        assert.equal(found.was, found.is, `seed ${seed} position ${position}`)
      }
    }
  }
  assert.ok(judged > 300, `${judged} flows were judged`)
})

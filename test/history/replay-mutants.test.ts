/** Another engine than the one that wrote the log: the first event that it would have decided otherwise is the one that replay names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEvent } from '../../events/codec.ts'
import type { Recorded } from '../../events/recorded.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import type { DesiredEntry } from '../../projections/policy/desired.ts'
import { PolicyEngine, type ResolvedPolicy } from '../../projections/policy/engine.ts'
import { step } from '../../projections/projection.ts'
import { type World, world } from '../../projections/world.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { type Replay, replay } from '../../src/history/replay/replay.ts'
import type { EngineOf } from '../../src/history/replay/replayed-engine.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { NODE, Rig } from '../agent/rig.ts'
import { changingPolicies } from './changing-policies.ts'

type Resolved = Extract<ResolvedPolicy, { readonly kind: 'resolved' }>

/** Today's engine, and something that it gets wrong. */
function wrongly(change: (resolved: Resolved) => ResolvedPolicy): EngineOf {
  return (options) => {
    const engine = new PolicyEngine(options)
    return {
      apply: (policy) => engine.apply(policy),
      resolve: (subject) => {
        const resolved = engine.resolve(subject)
        return resolved.kind === 'resolved' ? change(resolved) : resolved
      },
    }
  }
}

function withEntries(
  resolved: Resolved,
  change: (entries: readonly DesiredEntry[]) => readonly DesiredEntry[],
): Resolved {
  const { networkPolicy } = resolved
  return { ...resolved, networkPolicy, entries: change(resolved.entries) }
}

async function eventsOf(log: EventLog): Promise<readonly Recorded[]> {
  const events: Recorded[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) events.push(...batch.map(decodeEvent))
  return events
}

/** The first success at which the world is so, from the log alone. */
function firstSuccess(events: readonly Recorded[], is: (state: World, endpoint: number) => boolean): string | null {
  let state = world.initial
  for (const recorded of events) {
    state = step(world, state, recorded)
    const { event, position } = recorded
    if (event.type === 'EndpointRegenerationSucceeded' && is(state, event.endpoint)) return String(position)
  }
  return null
}

const viewOf = (state: World, endpoint: number) =>
  [...state.nodes.get(NODE)!.endpoints.values()].find((view) => view.endpoint === endpoint)!

const mapHas = (port: number) => (state: World, endpoint: number) =>
  [...viewOf(state, endpoint).policyMap.values()].some(({ key }) => key.port === port)

const told = (text: string) => (state: World, endpoint: number) =>
  JSON.stringify(state.nodes.get(NODE)!.xds.get('npds')?.resources.get(String(endpoint)) ?? null).includes(text) &&
  viewOf(state, endpoint).redirects.length > 0

type Mutant = {
  readonly name: string
  readonly engineOf: EngineOf
  readonly first: (state: World, endpoint: number) => boolean
  readonly kind: 'regeneration' | 'network-policy'
  readonly check: (found: NonNullable<Replay['mismatch']>) => void
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'a port is taken for another one',
    engineOf: wrongly((resolved) =>
      withEntries(resolved, (entries) =>
        entries.map((entry) =>
          entry.key.port === 81 ? { ...entry, key: { ...entry.key, port: 8_081 as typeof entry.key.port } } : entry,
        ),
      ),
    ),
    first: mapHas(81),
    kind: 'regeneration',
    check: ({ entries }) => {
      const gone = entries.filter(({ after }) => after === null)
      const come = entries.filter(({ before }) => before === null)
      assert.ok(gone.length > 0 && gone.every(({ key, before }) => key.port === 81 && before!.origins.length > 0))
      assert.ok(come.length > 0 && come.every(({ key, after }) => key.port === 8_081 && after!.origins.length > 0))
    },
  },
  {
    name: 'a rule is forgotten',
    engineOf: wrongly((resolved) => withEntries(resolved, (entries) => entries.filter(({ key }) => key.port !== 82))),
    first: mapHas(82),
    kind: 'regeneration',
    check: ({ entries }) => {
      assert.ok(entries.length > 0)
      for (const { key, before, after } of entries)
        assert.deepEqual([key.port, before === null, after], [82, false, null])
    },
  },
  {
    name: 'everything is let in',
    engineOf: wrongly((resolved) => ({ ...resolved, networkPolicy: resolved.networkPolicy, ingressEnforced: false })),
    first: (state, endpoint) => viewOf(state, endpoint).ingressEnforced,
    kind: 'regeneration',
    check: ({ reason, recorded, recomputed }) => {
      assert.equal(reason, 'enforcement differs')
      assert.deepEqual(
        [recorded, recomputed],
        [
          { ingress: true, egress: false },
          { ingress: false, egress: false },
        ],
      )
    },
  },
  {
    name: 'a path is read otherwise',
    engineOf: wrongly((resolved) => {
      const networkPolicy = JSON.parse(JSON.stringify(resolved.networkPolicy).replaceAll('/v2/', '/v9/'))
      return { ...resolved, networkPolicy: { ...networkPolicy, listeners: new Map() } }
    }),
    first: told('/v2/'),
    kind: 'network-policy',
    check: ({ rules, entries }) => {
      assert.deepEqual(entries, [])
      const sides = new Set(rules.map(({ side }) => side))
      assert.deepEqual(sides, new Set(['recorded', 'recomputed']))
      for (const { side, origin, rule, port } of rules) {
        assert.match(JSON.stringify(rule), side === 'recorded' ? /\/v2\// : /\/v9\//)
        assert.match(`${origin} ${port}`, /^CiliumNetworkPolicy\/default\/[abc]#\/spec\/ingress\/0 8[0-2]\/TCP$/)
      }
    },
  },
]

test('T24 whatever an engine decides otherwise is found at the first event that shows it, with the entries or rules that differ', async () => {
  const met = new Set<string>()
  for (const seed of [31, 32, 33]) {
    await using rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
    await changingPolicies(rig, seed)
    const events = await eventsOf(rig.log)
    for (const { name, engineOf, first, kind, check } of MUTANTS) {
      const expected = firstSuccess(events, first)
      const question = { log: rig.log, from: null, to: null, endpoint: null, nodes: [NODE] }
      const { mismatch } = await replay({ ...question, engineOf })
      assert.equal(mismatch?.event.position ?? null, expected, `seed ${seed}: ${name}: ${JSON.stringify(mismatch)}`)
      if (mismatch === null) continue
      met.add(name)
      assert.equal(mismatch.kind, kind, `seed ${seed}: ${name}`)
      check(mismatch)
      // Where it is passed over, the next one is found.
      const later: string[] = []
      const passes = (found: { readonly event: { readonly position: string } }) => later.push(found.event.position) > 0
      assert.equal((await replay({ ...question, engineOf, passes })).mismatch, null)
      assert.equal(later[0], expected)
    }
  }
  assert.equal(met.size, MUTANTS.length)
})

test('T25 an engine that does not notice whom a policy concerns is found at the first reaction that names somebody', async () => {
  for (const seed of [41, 42]) {
    await using rig = new Rig({ policies: () => new EnginePolicyView(NODE) })
    await changingPolicies(rig, seed)
    const expected = (await eventsOf(rig.log)).find(
      ({ event }) => event.type === 'PolicyReaction' && event.identities.length > 0,
    )
    assert.ok(expected !== undefined)
    const engineOf: EngineOf = (options) => {
      const engine = new PolicyEngine(options)
      const apply: ReturnType<EngineOf>['apply'] = (change) => {
        engine.apply(change)
        return new Set()
      }
      return { apply, resolve: (subject) => engine.resolve(subject) }
    }
    const { mismatch } = await replay({ log: rig.log, from: null, to: null, endpoint: null, nodes: [NODE], engineOf })
    assert.deepEqual([mismatch?.kind, mismatch?.event.position], ['reaction', String(expected.position)])
    assert.deepEqual(mismatch?.recomputed, [])
  }
})

test('T24 a build that failed for want of a policy finds none again', async () => {
  const options = { ...DEFAULT_POLICY_OPTIONS, enableL7Proxy: false }
  await using rig = new Rig({
    policies: () => new EnginePolicyView(NODE, options),
  })
  await changingPolicies(rig, 51)
  const failed = (await eventsOf(rig.log)).find(
    ({ event }) => event.type === 'EndpointRegenerationFailed' && event.code === 'feature-off',
  )
  assert.ok(failed !== undefined)
  const question = { log: rig.log, from: null, to: null, endpoint: null, nodes: [NODE] }
  assert.equal((await replay(question)).mismatch, null)
  const engineOf: EngineOf = () => new PolicyEngine(DEFAULT_POLICY_OPTIONS)
  const { mismatch } = await replay({ ...question, engineOf })
  assert.deepEqual(
    [mismatch?.event.position, mismatch?.recorded, mismatch?.recomputed],
    [String(failed.position), 'feature-off', null],
  )
})

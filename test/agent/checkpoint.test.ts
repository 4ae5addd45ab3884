/** An agent that begins at a checkpoint is the agent that has folded every event. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pino } from 'pino'
import type { StoredEvent } from '../../events/codec.ts'
import { IdentityId, LabelText, NodeName, Port, Position, Timestamp } from '../../events/ids.ts'
import { checkpointFrom, checkpointPieces } from '../../src/agent/checkpoint.ts'
import { Checkpoints } from '../../src/agent/checkpoints.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import type { PolicyView } from '../../src/agent/policy-view.ts'
import { Progress } from '../../src/agent/progress.ts'
import { View } from '../../src/agent/view.ts'
import { submit } from '../../src/cli/submit.ts'
import { openMemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/ports/log.ts'
import type { SavedState } from '../../src/ports/saved-states.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { aCommand, probes } from '../doubles/commands.ts'
import { TestPolicies } from '../doubles/policies.ts'
import { MemoryStates } from '../doubles/saved-states.ts'
import { normal } from '../states/normal.ts'
import { allow, NODE, policy, Rig } from './rig.ts'
import { simulate } from './simulator.ts'

const OTHER = NodeName('node2')
const EMPIRE = 'k8s:org=empire'
const ALLIANCE = 'k8s:org=alliance'
const logger = pino({ level: 'silent' })
const source = () => ({ kind: 'test', detail: 'checkpoint' }) as const

type Made = { readonly view: View; readonly policy: PolicyView }

function made(policy: PolicyView): Made {
  return { view: new View(NODE, policy), policy }
}

/** Some events folded, written down, and read into another view. */
async function restored(log: EventLog, first: readonly StoredEvent[], fresh: () => PolicyView): Promise<Made> {
  const { view } = made(fresh())
  view.fold(first)
  const states = new MemoryStates()
  const [writer, reader] = [made(fresh()), made(fresh())]
  writer.view.fold(first)
  const options = { node: NODE, log, states, logger, signal: new AbortController().signal, everyEvents: 1 }
  const checkpoints = new Checkpoints({ ...options, view: writer.view })
  checkpoints.folded(first.length, true)
  await checkpoints.last()
  const position = await new Checkpoints({ ...options, view: reader.view }).restore()
  assert.equal(position, first.at(-1)?.position ?? null)
  assertSame(reader, { ...writer, view })
  return reader
}

function assertSame(found: Made, expected: Made): void {
  assert.deepEqual(normal(found.view.snapshot()), normal(expected.view.snapshot()))
  assert.equal(found.view.position, expected.view.position)
  assert.deepEqual(found.policy.requiredPrefixes(), expected.policy.requiredPrefixes())
}

function assertSamePolicies(found: PolicyView, expected: PolicyView): void {
  const ports = [{ name: 'http', protocol: 'TCP' as const, port: Port(8_001) }]
  for (let n = 250; n < 270; n++) {
    for (const namedPorts of [[], ports]) {
      const subject = { identity: IdentityId(n), namedPorts }
      assert.deepEqual(normal(found.resolve(subject)), normal(expected.resolve(subject)))
    }
  }
}

async function eventsOf(log: EventLog): Promise<readonly StoredEvent[]> {
  return (await Array.fromAsync(log.readAll({ direction: 'forwards', after: null }))).flat()
}

test('A23 a view from a checkpoint at any event, brought to the head, is the view that folded everything', async () => {
  const story = fc.array(aCommand(NODE, OTHER), { minLength: 20, maxLength: 60, size: 'max' })
  const cuts = fc.array(fc.nat(1_000), { minLength: 3, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(story, cuts, async (commands, places) => {
      await using log = openMemoryLog({ now: () => Timestamp(1_000) })
      for (const command of [...commands, ...probes()]) await submit({ log, command, source, dryRun: false })
      const events = await eventsOf(log)
      const fresh = (): PolicyView => new EnginePolicyView(NODE)
      const whole = made(fresh())
      whole.view.fold(events)
      for (const place of places) {
        const cut = place % (events.length + 1)
        const found = await restored(log, events.slice(0, cut), fresh)
        found.view.fold(events.slice(cut))
        assertSame(found, whole)
        assert.deepEqual(found.view.notices, whole.view.notices)
        assertSamePolicies(found.policy, whole.policy)
        for (const { position } of events)
          assert.equal(found.view.correlationOf(position), whole.view.correlationOf(position))
      }
    }),
    { numRuns: 25 },
  )
})

/** What a simulation wrote, from an agent in bad weather. */
async function simulated(seed: number): Promise<readonly StoredEvent[]> {
  const clock = new VirtualClock()
  const log = openMemoryLog({ now: () => clock.now() })
  const events: StoredEvent[] = []
  log.subscribe(null).subscribe((message) => {
    if (message.kind === 'events') events.push(...message.events)
  })
  await simulate({ seed, log: { log, clock } })
  return events
}

/** As it was when these were its events. */
async function logOf(events: readonly StoredEvent[]): Promise<EventLog> {
  const log = openMemoryLog({ now: () => Timestamp(1_000) })
  for (const event of events) await log.append([{ stream: event.stream, expected: 'any', events: [event] }])
  return log
}

test('A23 the same for what agents write in bad weather: builds, failures, proxies, deaths', async () => {
  for (const seed of [8, 34]) {
    await using log = await logOf(await simulated(seed))
    const events = await eventsOf(log)
    assert.ok(events.length > 80, `${events.length} events`)
    const fresh = (): PolicyView => new TestPolicies(NODE)
    const whole = made(fresh())
    whole.view.fold(events)
    for (let cut = 7; cut < events.length; cut += 61) {
      const found = await restored(log, events.slice(0, cut), fresh)
      found.view.fold(events.slice(cut))
      assertSame(found, whole)
    }
  }
})

async function played(states: MemoryStates): Promise<Rig> {
  const rig = new Rig({ states, options: { checkpointEveryEvents: 10 }, policies: () => new EnginePolicyView(NODE) })
  const agent = await rig.start()
  const endpoints = [1, 2].map((id) => {
    const labels = [LabelText(id === 1 ? EMPIRE : ALLIANCE), LabelText('k8s:io.kubernetes.pod.namespace=default')]
    return { id, name: `default/ship-${id}`, labels, ipv4: `10.0.0.${id}`, device: `lxc${id}` }
  })
  await rig.operator.submit({ kind: 'add-endpoints', node: NODE, endpoints })
  await rig.quiet(agent)
  await agent[Symbol.asyncDispose]()
  return rig
}

const stateOf = (states: MemoryStates): SavedState => {
  const [saved] = states.saved.values()
  assert.ok(saved !== undefined)
  return saved
}

test('A24 an agent leaves a checkpoint when it stops, and the next one reads only what came since', async () => {
  const states = new MemoryStates()
  await using rig = await played(states)
  const saved = stateOf(states)
  const head = await rig.log.head()
  assert.equal(saved.at, String(head), 'its own last word is in it')
  const from: (Position | null)[] = []
  const { subscribe } = rig.log
  rig.log.subscribe = (after) => {
    from.push(after)
    return subscribe.call(rig.log, after)
  }
  const agent = await rig.start()
  assert.deepEqual(from, [head])
  await rig.quiet(agent)
  assert.deepEqual(rig.map(1), ['e:0:0:0/0 allow 0', 'i:0:0:0/0 allow 0'])
  await rig.operator.addEndpoint(3, EMPIRE)
  await rig.quiet(agent)
  assert.deepEqual(rig.map(3), ['e:0:0:0/0 allow 0', 'i:0:0:0/0 allow 0'])
})

test('A24 a checkpoint of another log, another past, other folds, or that cannot be read is as if it were not there', async () => {
  const states = new MemoryStates()
  await using rig = await played(states)
  const saved = stateOf(states)
  const [name] = states.saved.keys()
  const half = saved.pieces.slice(0, 1)
  const wrong: readonly SavedState[] = [
    { ...saved, fold: `${saved.fold} Other@1`, pieces: half },
    { ...saved, at: '1', pieces: half },
    { ...saved, at: '9000000', pieces: half },
    { ...saved, pieces: half },
    { ...saved, pieces: ['[not', ...saved.pieces] },
  ]
  for (const state of wrong) {
    states.saved.set(name!, state)
    const agent = await rig.start()
    await rig.quiet(agent)
    assert.equal(agent.position, await rig.log.head())
    assert.deepEqual(rig.map(2), ['e:0:0:0/0 allow 0', 'i:0:0:0/0 allow 0'])
    await agent[Symbol.asyncDispose]()
  }
  const other = new Rig({ states, options: { checkpointEveryEvents: 10 } })
  await using elsewhere = other
  states.saved.set(name!, saved)
  const agent = await elsewhere.start()
  await elsewhere.quiet(agent)
  assert.deepEqual([...elsewhere.pinned.maps.keys()], [], 'a log without endpoints has none of theirs')
})

test('A24 checkpoints are written while the agent works, in pieces, and what is folded meanwhile is in the next', async () => {
  const states = new MemoryStates()
  await using rig = new Rig({ states, options: { checkpointEveryEvents: 10 } })
  const agent = await rig.start()
  for (let n = 0; n < 12; n++) {
    await rig.operator.addEndpoint(1 + n, n % 2 === 0 ? EMPIRE : ALLIANCE)
    await rig.operator.setPolicy(`landing-${n}`, policy(EMPIRE, allow(ALLIANCE, 80 + n)))
  }
  await rig.quiet(agent)
  const { at, pieces } = stateOf(states)
  assert.ok(BigInt(at) > 0n && BigInt(at) <= agent.position)
  const { state, ledger } = checkpointFrom(pieces)
  assert.ok(state.endpoints.size > 0 && ledger.policies.byKey.size > 0)
  assert.deepEqual(checkpointFrom([...checkpointPieces(checkpointFrom(pieces))]), checkpointFrom(pieces))
})

test('A24 what a proxy says while the checkpoint is read is heard', async () => {
  const states = new MemoryStates()
  await using rig = await played(states)
  const before = (await rig.operator.history()).length
  const load = states.load.bind(states)
  states.load = (name) => {
    rig.xds.changed()
    // After the start nobody says it again.
    rig.proxy.connected = false
    return load(name)
  }
  const agent = await rig.start()
  await rig.quiet(agent)
  const since = (await rig.operator.history()).slice(before).map(({ event }) => event)
  const connections = since.filter((event) => event.type === 'ProxyConnectionChanged')
  assert.deepEqual(
    connections.map(({ connected }) => connected),
    [true],
  )
})

test('A24 a start that takes long says how far it is, and one that is quick says nothing', () => {
  const clock = new VirtualClock()
  const said: unknown[] = []
  const progress = new Progress({ clock, logger: { info: (fields: unknown) => void said.push(fields) }, head: at(900) })
  progress.folded(at(100))
  clock.advance(4_999)
  progress.folded(at(200))
  assert.deepEqual(said, [])
  clock.advance(1)
  progress.folded(at(300))
  progress.folded(at(400))
  clock.advance(5_000)
  progress.folded(at(500))
  assert.deepEqual(said, [
    { position: '300', head: '900' },
    { position: '500', head: '900' },
  ])
})

function at(position: number): Position {
  return Position(BigInt(position))
}

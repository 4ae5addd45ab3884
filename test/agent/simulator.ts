/**
 * Production code in a bad world, from one number: people who change everything, ports that fail, a proxy that refuses, hangs and goes, and deaths
 * in the middle of any call. The log is checked event by event; when the weather clears, everything must be as the log asks.
 */
import assert from 'node:assert/strict'
import { pino } from 'pino'
import { Observable } from 'rxjs'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import { type EndpointId, NodeName, type Position } from '../../events/ids.ts'
import { type AgentState, agentState } from '../../projections/agent/state.ts'
import { policyMapDigest, policyMapOf } from '../../projections/datapath/policy-map.ts'
import { fold } from '../../projections/projection.ts'
import { type Agent, startAgent } from '../../src/agent/agent.ts'
import { openMemoryLog } from '../../src/log/memory.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { type EventLog, LogError, type SubscriptionMessage } from '../../src/ports/log.ts'
import type { XdsSnapshot } from '../../src/ports/xds.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { FakeDatapath, nothingPinned, type Pinned } from '../doubles/datapath.ts'
import { type Fault, gateOf, type Life, turns, type Weather } from '../doubles/gate.ts'
import { type TestAllow, TestPolicies } from '../doubles/policies.ts'
import { MemoryStates } from '../doubles/saved-states.ts'
import { aProxy, type FakeProxy, FakeXdsServer, refusedIn } from '../doubles/xds.ts'
import { Invariants } from './invariants.ts'
import { allow, Operator, policy } from './rig.ts'

const NODE = NodeName('node1')
const OTHER = NodeName('node2')
const LABELS = ['k8s:org=empire', 'k8s:org=alliance', 'k8s:org=hutts'] as const
const PREFIXES = ['192.0.2.0/24', '198.51.100.0/25'] as const
const NAMES = ['landing', 'cantina', 'trench'] as const
const ENDPOINTS_MAX = 6
const STEPS = 60
/** So few that most starts have one. */
const CHECKPOINT_EVENTS = 20
/** Turns of the event loop after which a node in good weather must have come to rest. */
const TURNS_MAX = 4_000
const REST_MAX = 60

export type SimulationOptions = {
  readonly seed: number
  readonly log?: { readonly log: EventLog; readonly clock: VirtualClock }
  readonly say?: (line: string) => void
}

/** Throws with the broken rule. Answers how much happened. */
export async function simulate({ seed, log, say }: SimulationOptions): Promise<{ readonly events: number }> {
  const world = new World(seed, log, say ?? (() => undefined))
  try {
    for (let step = 0; step < STEPS; step++) await world.step()
    await world.clear()
    return { events: world.events }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`npm run sim -- --seed ${seed}: ${why}`, { cause: error })
  } finally {
    await world[Symbol.asyncDispose]()
  }
}

class World implements AsyncDisposable {
  readonly #random: () => number
  readonly #clock: VirtualClock
  readonly #log: EventLog
  readonly #operator: Operator
  readonly #pinned: Pinned = nothingPinned()
  readonly #proxy: FakeProxy = aProxy()
  /** Checkpoints of all agents, and what they were once. */
  #states: MemoryStates = new MemoryStates()
  #older: MemoryStates = new MemoryStates()
  readonly #invariants: Invariants = new Invariants(NODE)
  readonly #say: (line: string) => void
  /** Policies that cannot come into force. */
  readonly #bad: Set<string> = new Set()
  #checked: Position | null = null
  #lives: Life[] = []
  /** Of the agent that was started last, and of its xDS server. */
  #life: Life | null = null
  #serving: Life = { alive: false }
  #agent: Agent | null = null
  #xds: FakeXdsServer | null = null
  #epochs = 0
  #stormy = true
  events = 0

  constructor(seed: number, log: SimulationOptions['log'], say: (line: string) => void) {
    this.#random = randomOf(seed)
    this.#clock = log?.clock ?? new VirtualClock()
    this.#log = log?.log ?? openMemoryLog({ now: () => this.#clock.now() })
    this.#operator = new Operator(this.#log, this.#clock)
    this.#say = say
  }

  async step(): Promise<void> {
    const roll = this.#random()
    if (this.#agent === null && roll < 0.5) this.#start()
    else if (roll < 0.3) await this.#changePolicy()
    else if (roll < 0.5) await this.#changeEndpoints()
    else if (roll < 0.6) this.#changeProxy()
    else if (roll < 0.66) this.#kill()
    else if (roll < 0.69) this.#tamper()
    else if (roll < 0.8) this.#pass(Math.floor(this.#random() * 12_000))
    else if (roll < 0.82) this.#pass(70_000)
    else if (roll > 0.97) this.#loseStates()
    else if (roll < 0.85 && this.#agent !== null && this.#agent !== IDLE_NEVER) this.#usurp()
    await turns(Math.floor(this.#random() * 12))
    await this.#check()
  }

  /** The weather clears: what the proxy refuses and what cannot be resolved goes, nobody dies any more, time passes. */
  async clear(): Promise<void> {
    this.#stormy = false
    this.#say('clear')
    for (const name of this.#bad) await this.#operator.setPolicy(name, policy(this.#one(LABELS), this.#allow(false)))
    this.#proxy.hung = false
    this.#proxy.connected = true
    if (this.#agent === null) this.#start()
    this.#xds?.changed()
    for (let rest = 0; rest < REST_MAX; rest++) {
      await this.#rest()
      await this.#check()
      if (await this.#converged(false)) break
      this.#pass(70_000)
    }
    await this.#converged(true)
    this.#invariants.checkSettled()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const life of this.#lives) life.alive = false
    await this.#log[Symbol.asyncDispose]()
  }

  #start(): void {
    const life: Life = { alive: true }
    // The proxy talks to the server that has the socket now.
    const serving: Life = { alive: true }
    this.#serving.alive = false
    this.#serving = serving
    this.#life = life
    this.#lives.push(life)
    this.#epochs += 1
    const epoch = `e${this.#epochs}`
    this.#say(`start ${epoch}`)
    const weather = this.#weather(life)
    const gate = gateOf(life, weather)
    const clock = mortalClock(this.#clock, life)
    const unencodable = (snapshot: XdsSnapshot): void => {
      if (refusedIn(snapshot) !== undefined && this.#random() < 0.3) throw new TypeError('injected: cannot be encoded')
    }
    const proxy = this.#proxy
    const xds = new FakeXdsServer({
      epoch,
      proxy,
      clock: this.#clock,
      life: serving,
      delay: weather.delay,
      check: unencodable,
    })
    this.#xds = xds
    const log = mortalLog(this.#log, life, gate)
    const datapath = new FakeDatapath(this.#pinned, gate)
    const logger = pino({ level: 'silent' })
    const policy = new TestPolicies(NODE)
    const [states, options] = [this.#states, { checkpointEveryEvents: CHECKPOINT_EVENTS }]
    const ports = { node: NODE, log, datapath, xds, policy, flows: null, clock, logger }
    const started = startAgent({ ...ports, states, options })
    this.#agent = IDLE_NEVER
    started.then(
      (agent) => {
        if (!life.alive) return
        if (this.#life === life) {
          this.#agent = agent
          if (proxy.connected) xds.changed()
        }
        void agent.ended.then((end) => this.#ended(life, end))
      },
      (error: unknown) => this.#ended(life, error),
    )
  }

  /** Only a failing log or a failing start ends an agent here; then somebody starts the next one. */
  #ended(life: Life, end: unknown): void {
    if (!life.alive) return
    const text = String(end)
    this.#say(`ended ${text}`)
    const usurped = this.#life !== life && text.includes('superseded')
    if (!usurped && !/log-failed|injected/.test(text)) this.#broken = end
    life.alive = false
    if (this.#life !== life) return
    this.#agent = null
    this.#serving.alive = false
    if (!this.#stormy) this.#start()
  }
  #broken: unknown = null

  #kill(): void {
    if (this.#agent === null) return
    this.#say('kill')
    for (const life of this.#lives) life.alive = false
    this.#lives = []
    this.#agent = null
    this.#xds = null
    this.#serving.alive = false
  }

  /** Checkpoints go, or those of an earlier time come back: a start takes longer, and nothing else is different. */
  #loseStates(): void {
    const back = this.#random() < 0.7
    this.#say(back ? 'older checkpoints' : 'no checkpoints')
    const before = this.#states.copy()
    this.#states = back ? this.#older : new MemoryStates()
    this.#older = before
  }

  /** Somebody starts a second agent beside the one that runs. */
  #usurp(): void {
    this.#say('usurp')
    this.#start()
  }

  #weather(life: Life): Weather {
    return {
      delay: () => Math.floor(this.#random() * 3),
      fault: (call) => {
        if (!this.#stormy) return null
        const roll = this.#random()
        const fault: Fault | null = roll < 0.03 ? 'before' : roll < 0.06 ? 'after' : roll < 0.065 ? 'death' : null
        if (fault !== null) this.#say(`  ${fault} ${call}`)
        if (fault === 'death') this.#died(life)
        return fault
      },
    }
  }

  #died(life: Life): void {
    if (this.#life === life) {
      this.#agent = null
      this.#xds = null
      this.#serving.alive = false
    }
    this.#lives = this.#lives.filter((other) => other !== life)
  }

  async #changePolicy(): Promise<void> {
    const name = this.#one(NAMES)
    if (this.#random() < 0.25) {
      this.#say(`delete ${name}`)
      this.#bad.delete(name)
      return this.#operator.deletePolicy(name)
    }
    const allows = Array.from({ length: 1 + Math.floor(this.#random() * 2) }, () => this.#allow(true))
    const wanted = { ...policy(this.#one(LABELS), ...allows), broken: this.#random() < 0.08 }
    this.#say(`set ${name} ${JSON.stringify(wanted)}`)
    if (wanted.broken || allows.some(({ refused }) => refused)) this.#bad.add(name)
    else this.#bad.delete(name)
    await this.#operator.setPolicy(name, wanted)
  }

  #allow(bad: boolean): TestAllow {
    const from = this.#random() < 0.3 ? this.#one(PREFIXES) : this.#one(LABELS)
    const http = this.#random() < 0.5
    return allow(from, 80 + Math.floor(this.#random() * 2), { http, refused: bad && http && this.#random() < 0.2 })
  }

  async #changeEndpoints(): Promise<void> {
    const node = this.#random() < 0.2 ? OTHER : NODE
    const id = 1 + Math.floor(this.#random() * ENDPOINTS_MAX)
    try {
      if (this.#random() < 0.6) {
        await this.#operator.addEndpoint(id, this.#one(LABELS), node)
        this.#say(`add ${node} ${id}`)
      } else {
        await this.#operator.deleteEndpoint(id, node)
        this.#say(`remove ${node} ${id}`)
      }
    } catch {
      // It is there already, or not there: the operator is told so.
    }
  }

  #changeProxy(): void {
    const roll = this.#random()
    if (roll < 0.5) this.#proxy.connected = !this.#proxy.connected
    else this.#proxy.hung = !this.#proxy.hung
    this.#say(`proxy connected ${this.#proxy.connected} hung ${this.#proxy.hung}`)
    this.#xds?.changed()
  }

  #tamper(): void {
    for (const map of this.#pinned.maps.values()) {
      const [first] = map.keys()
      if (first === undefined) continue
      this.#say('tamper')
      map.delete(first)
      return
    }
  }

  #pass(ms: number): void {
    this.#say(`pass ${ms} ms`)
    this.#clock.advance(ms)
  }

  async #rest(): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      await turns(1)
      const agent = this.#agent
      const head = await this.#log.head()
      if (agent?.idle === true && (head === null || head <= agent.position)) return
    }
  }

  async #check(): Promise<void> {
    if (this.#broken !== null) throw this.#broken
    for await (const batch of this.#log.readAll({ direction: 'forwards', after: this.#checked })) {
      for (const stored of batch) {
        const recorded = decodeEvent(stored)
        this.#say(`    ${recorded.position} ${storyOf(recorded.event)}`)
        this.#invariants.check(recorded)
        this.#checked = recorded.position
        this.events += 1
      }
    }
  }

  /** Everything is as the log asks: nothing is due, and datapath, ipcache and proxy hold what a fresh reader of the log works out. */
  async #converged(must: boolean): Promise<boolean> {
    const history = await this.#operator.history()
    const state = fold(agentState(NODE), history)
    const policies = new TestPolicies(NODE)
    for (const recorded of history) policies.advance(recorded)
    try {
      assert.equal(state.unreacted.length, 0, 'every revision has its reaction')
      for (const [id] of state.endpoints) this.#convergedEndpoint(state, policies, id)
      assert.deepEqual(
        [...this.#pinned.maps.keys()].toSorted((a, b) => a - b),
        [...state.endpoints.keys()].toSorted((a, b) => a - b),
        'the datapath has the endpoints of the log',
      )
      assert.deepEqual(
        [...this.#pinned.ipcache.values()].map(({ prefix, identity }) => `${prefix} ${identity}`).toSorted(),
        wantedIpcache(state, policies).toSorted(),
        'the ipcache is as the endpoints and policies ask',
      )
      assert.deepEqual([...state.localIdentities.keys()].toSorted(), [...policies.requiredPrefixes()].toSorted())
      assert.deepEqual(
        [...this.#proxy.running.npds.keys()].toSorted(),
        [...state.endpoints.keys()].map(String).toSorted(),
        'the proxy has the endpoints of the log',
      )
      return true
    } catch (error) {
      if (must) throw error
      return false
    }
  }

  #convergedEndpoint(state: AgentState, policies: TestPolicies, id: EndpointId): void {
    const endpoint = state.endpoints.get(id)
    assert.ok(endpoint !== undefined && endpoint.identity !== null, `endpoint ${id} has an identity`)
    assert.equal(endpoint.state, 'ready', `endpoint ${id} is ready`)
    assert.equal(endpoint.realised?.revision, state.revision, `endpoint ${id} is at the newest revision`)
    const resolved = policies.resolve({ identity: endpoint.identity, namedPorts: [] })
    assert.ok(resolved.kind === 'resolved')
    const port = state.proxy.ports.get('cilium-http-ingress')?.port
    const ports = new Map(resolved.redirects.flatMap((redirect) => (port === undefined ? [] : [[redirect.id, port]])))
    const wanted = policyMapOf(resolved.entries, ports)
    const held = new Map(
      [...(this.#pinned.maps.get(id) ?? [])].map(([key, entry]) => [
        key,
        { key: entry.key, value: { ...entry.value, origins: [] } },
      ]),
    )
    assert.equal(policyMapDigest(held), policyMapDigest(wanted), `endpoint ${id} has the map that the policies ask for`)
    assert.equal(
      policyMapDigest(endpoint.policyMap),
      policyMapDigest(wanted),
      `the log knows the map of endpoint ${id}`,
    )
    const network = this.#proxy.running.npds.get(String(id)) as
      | { readonly ingressPerPortPolicies?: unknown }
      | undefined
    assert.deepEqual(network?.ingressPerPortPolicies, resolved.networkPolicy.ingress, `the proxy has endpoint ${id}`)
  }

  #one<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)]!
  }
}

function wantedIpcache(state: AgentState, policies: TestPolicies): readonly string[] {
  const endpoints = [...state.addresses].map(([prefix, { identity }]) => `${prefix} ${identity}`)
  const prefixes = [...policies.requiredPrefixes()].map(
    (prefix) => `${prefix} ${state.localIdentities.get(prefix)?.identity}`,
  )
  return [...endpoints, ...prefixes]
}

function storyOf(event: HindcastEvent): string {
  if (event.type === 'XdsPublished') {
    const names = [...event.changed.map(({ name }) => name), ...event.removed.map((name) => `-${name}`)]
    return `${event.type} ${event.xds} ${event.version} ${names.join(' ')}`
  }
  if (event.type === 'XdsAcked' || event.type === 'XdsNacked') return `${event.type} ${event.xds} ${event.version}`
  return `${event.type} ${'endpoint' in event ? event.endpoint : ''}`
}

/** Stands for an agent that is starting. */
const IDLE_NEVER: Agent = {
  position: 0n as Position,
  idle: false,
  settled: () => new Promise(() => undefined),
  ended: new Promise(() => undefined),
  [Symbol.asyncDispose]: async () => undefined,
}

function mortalClock(clock: VirtualClock, life: Life): Clock {
  return {
    now: () => clock.now(),
    monotonicUs: () => clock.monotonicUs(),
    newId: () => clock.newId(),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        clock.sleep(ms, signal).then(
          () => life.alive && resolve(),
          (error: unknown) => life.alive && reject(error),
        )
      }),
  }
}

/** The store of the log stays; this process's access to it fails and dies. */
function mortalLog(log: EventLog, life: Life, gate: ReturnType<typeof gateOf>): EventLog {
  return {
    location: log.location,
    append: async (batch) =>
      await gate(
        'append',
        () => log.append(batch),
        () => new LogError('log-io', 'injected'),
      ),
    readAll: (options) => log.readAll(options),
    readStream: (stream, options) => log.readStream(stream, options),
    head: () => log.head(),
    positionAtTime: (time) => log.positionAtTime(time),
    streamHead: (stream) => log.streamHead(stream),
    streams: () => log.streams(),
    subscribe: (after) =>
      new Observable<SubscriptionMessage>((subscriber) =>
        log.subscribe(after).subscribe({
          next: (message) => {
            if (life.alive) subscriber.next(message)
            else subscriber.unsubscribe()
          },
          error: (error) => subscriber.error(error),
          complete: () => life.alive && subscriber.complete(),
        }),
      ),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
